import type { OnnxConstant, OnnxNode } from "../../formats/index.js";
import { notExportable } from "./graph.js";
import type { Recorded } from "./record.js";

/** An axis of the first input whose size is chosen at run time. */
export interface DynamicAxis {
  readonly axis: number;
  readonly name: string;
}

/** Nodes that compute lists of whole numbers from the shape of the input, and lists that are constants. */
export interface Lists {
  readonly nodes: OnnxNode[];
  readonly constants: OnnxConstant[];
}

/** `(offset + sum factors[i] size[i]) / divisor`. */
interface Linear {
  readonly offset: number;
  readonly factors: readonly number[];
  readonly divisor: number;
}

/**
 * The lists of whole numbers of a graph: those that are the same for all sizes become constants, others are computed
 * from the sizes of the dynamic axes.
 *
 * @param runs the graph of the input shape, then one for each dynamic axis with that axis larger, then one with all
 * larger, which checks what follows from the others.
 */
export function shapeLists(input: string, axes: readonly DynamicAxis[], runs: readonly Recorded[]): Lists {
  const base = runs[0] as Recorded;
  const last = runs[runs.length - 1] as Recorded;
  const sizes = (run: Recorded): number[] =>
    axes.map(({ axis }) => (run.inputs[input] as readonly number[])[axis] as number);
  const nodes: OnnxNode[] = [];
  const constants: OnnxConstant[] = [];
  const integers = (name: string, values: readonly number[]): string => {
    constants.push({ name, shape: [values.length], data: BigInt64Array.from(values, BigInt) });
    return name;
  };
  const add = (
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: OnnxNode["attributes"] = {},
  ): string => {
    nodes.push({ op, inputs, outputs: [output], attributes });
    return output;
  };
  for (const [name, values] of base.graph.integers) {
    const others = runs.map((run) => run.graph.integers.get(name) as readonly number[]);
    if (others.every((other) => other.every((value, i) => value === values[i]))) {
      integers(name, values);
      continue;
    }
    if (nodes.length === 0) {
      const shape = add("Shape", [input], "input_shape");
      axes.forEach(({ axis }, i) => add("Gather", [shape, integers(`axis_${i}`, [axis])], `size_${i}`));
    }
    const parts = values.map((value, i) => {
      const seen = others.map((other) => other[i] as number);
      const part = `${name}_${i}`;
      if (seen.every((one) => one === value)) return integers(part, [value]);
      const law = linear(seen.slice(0, -1), runs.slice(0, -1).map(sizes));
      const check =
        (law.offset + law.factors.reduce((sum, f, k) => sum + f * (sizes(last)[k] as number), 0)) / law.divisor;
      if (check !== seen[seen.length - 1]) {
        throw notExportable(
          "a size in the graph is not a linear function of the dynamic axes; make fewer axes dynamic, or none",
        );
      }
      let sum = integers(`${part}_offset`, [law.offset]);
      law.factors.forEach((factor, k) => {
        if (factor === 0) return;
        const product = add("Mul", [`size_${k}`, integers(`${part}_factor_${k}`, [factor])], `${part}_product_${k}`);
        sum = add("Add", [sum, product], `${part}_sum_${k}`);
      });
      return law.divisor === 1 ? sum : add("Div", [sum, integers(`${part}_divisor`, [law.divisor])], part);
    });
    add("Concat", parts, name, { axis: { int: 0 } });
  }
  return { nodes, constants };
}

/** The function of the sizes that has the values: the first at the base, the next with one axis changed each. */
function linear(values: readonly number[], sizes: readonly (readonly number[])[]): Linear {
  const [base = []] = sizes;
  const rise = base.map((size, k) => ({
    by: (values[k + 1] as number) - (values[0] as number),
    over: (sizes[k + 1]?.[k] as number) - size,
  }));
  const divisor = rise.reduce((common, { by, over }) => lcm(common, over / gcd(Math.abs(by), over)), 1);
  const factors = rise.map(({ by, over }) => (by * divisor) / over);
  const offset =
    (values[0] as number) * divisor - factors.reduce((sum, factor, k) => sum + factor * (base[k] as number), 0);
  return { offset, factors, divisor };
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
const lcm = (a: number, b: number): number => (a / gcd(a, b)) * b;

/** Refuses graphs that are not the same but for lists of whole numbers. */
export function checkSame(runs: readonly Recorded[], why: string): void {
  const [first] = runs.map(fingerprint);
  for (const run of runs) if (fingerprint(run) !== first) throw notExportable(why);
}

function fingerprint({ graph, output }: Recorded): string {
  const floats = [...graph.floats].map(([name, { shape, data }]) => [name, shape, digest(data)]);
  const lists = [...graph.integers].map(([name, values]) => [name, values.length]);
  return JSON.stringify([graph.nodes, floats, lists, output]);
}

/** A sum over the bits of values (FNV-1a). */
function digest(data: Float32Array): number {
  let hash = 0x811c9dc5;
  for (const word of new Uint32Array(data.buffer, data.byteOffset, data.length))
    hash = Math.imul(hash ^ word, 0x01000193);
  return hash >>> 0;
}
