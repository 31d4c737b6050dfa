import type { Handle } from "../runtime/index.js";
import { operators } from "./operators.generated.js";

type Operators = typeof operators;

/** The name of an operator of the core. */
export type OperatorName = keyof Operators;

/** What an operator is called with. */
export type OperatorArguments<K extends OperatorName = OperatorName> = Parameters<Operators[K]>;

/** One call of an operator. */
export interface OperatorCall {
  readonly name: OperatorName;
  readonly args: OperatorArguments;
  /** The tensors among the arguments. */
  readonly tensors: readonly Handle[];
  readonly results: readonly Handle[];
}

/** How many arguments of an operator are tensors; they come first. Of all others it is one. */
const tensorCounts: Partial<Record<OperatorName, number>> = {
  add: 2,
  sub: 2,
  mul: 2,
  div: 2,
  pow: 2,
  maximum: 2,
  minimum: 2,
  eq: 2,
  ne: 2,
  gt: 2,
  ge: 2,
  lt: 2,
  le: 2,
  where: 3,
  distance: 2,
  dot: 2,
  indexSelect: 2,
  gather: 2,
  scatterAdd: 3,
  matmul: 2,
  conv2d: 3,
  convTranspose2d: 3,
  batchNorm: 5,
  groupNorm: 3,
  layerNorm: 3,
  gridSample: 2,
  complexMul: 2,
  fourierFilter: 2,
};

function tensorsOf(name: OperatorName, args: readonly unknown[]): readonly Handle[] {
  const found = name === "cat" ? (args[1] as readonly Handle[]) : args.slice(0, tensorCounts[name] ?? 1);
  return (found as readonly (Handle | undefined)[]).filter((handle) => handle !== undefined);
}

/**
 * Runs a function and reports each operator that it calls, right after the call. The function may not be asynchronous.
 */
export function traceOperators<T>(run: () => T, report: (call: OperatorCall) => void): T {
  // Functions and methods look each operator up in the table when they call it.
  const table = operators as Record<OperatorName, (...args: unknown[]) => Handle | Handle[]>;
  const originals = { ...table };
  for (const name of Object.keys(originals) as OperatorName[]) {
    table[name] = (...args) => {
      const out = originals[name](...args);
      const results = Array.isArray(out) ? out : [out];
      report({ name, args: args as unknown[] as OperatorArguments, tensors: tensorsOf(name, args), results });
      return out;
    };
  }
  try {
    return run();
  } finally {
    Object.assign(table, originals);
  }
}
