import { AdjointError, binding, type Handle } from "../../runtime/index.js";
import { noGrad, type OperatorCall, type Tensor, tidy, traceOperators, tensor } from "../../tensor/index.js";
import { Graph, notExportable } from "./graph.js";
import { rules } from "./operators.js";

/** A graph with the shapes of its inputs and its output. */
export interface Recorded {
  readonly graph: Graph;
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly output: string;
  readonly outputShape: readonly number[];
}

/** Records the operators of one run on values that `fill` gives. */
export function record(
  run: (inputs: readonly Tensor[]) => Tensor,
  inputs: Readonly<Record<string, readonly number[]>>,
  weights: ReadonlyMap<Handle, string>,
  fill: (index: number) => number,
): Recorded {
  return noGrad(() =>
    tidy(() => {
      const graph = new Graph(weights);
      const given = Object.entries(inputs).map(([name, shape]) => {
        const count = shape.reduce((product, size) => product * size, 1);
        const value = tensor(
          Float32Array.from({ length: count }, (_, i) => fill(i)),
          { shape: [...shape] },
        );
        graph.define(value.handle, name);
        return value;
      });
      const out = traceOperators(
        () => run(given),
        (call) => write(graph, call),
      );
      if (!graph.computes(out.handle)) {
        throw notExportable("the output does not depend on the input by operators of the library");
      }
      return { graph, inputs, output: graph.name(out.handle), outputShape: out.shape };
    }),
  );
}

function write(graph: Graph, { name, args, tensors, results }: OperatorCall): void {
  if (!tensors.some((handle) => graph.computes(handle))) return;
  const rule = rules[name] as ((graph: Graph, ...args: readonly unknown[]) => string) | undefined;
  if (rule === undefined) {
    throw notExportable(`the operator ${name} has no counterpart that is written; use a network without it`);
  }
  const [first, ...further] = results as readonly [Handle, ...Handle[]];
  graph.define(first, rule(graph, ...args));
  for (const handle of further) graph.define(handle, "");
  checkDevice(first);
}

function checkDevice(handle: Handle): void {
  const { device } = JSON.parse(binding().info(handle)) as { device: string };
  if (device !== "cpu") throw notExportable(`the model is on ${device}; move it with model.to("cpu")`);
}

/** Passes on errors of the library, and names others. */
export function named(error: unknown): Error {
  if (error instanceof AdjointError) return error;
  return notExportable(`forward fails (${error instanceof Error ? error.message : String(error)})`);
}
