import type { OnnxAttribute, OnnxNode } from "../../formats/index.js";
import type { Handle } from "../../runtime/index.js";
import { ArgumentError, binding } from "../../runtime/index.js";

/** A constant of floats. */
export interface FloatConstant {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** What the operators of one run become: nodes, constants, and lists of whole numbers such as shapes. */
export class Graph {
  readonly nodes: OnnxNode[] = [];
  readonly floats = new Map<string, FloatConstant>();
  readonly integers = new Map<string, readonly number[]>();
  /** Names of what the graph computes. */
  readonly #values = new Map<Handle, string>();
  readonly #constants = new Map<Handle, string>();
  readonly #weights: ReadonlyMap<Handle, string>;
  #count = 0;

  /** @param weights names of constants, by their handles. */
  constructor(weights: ReadonlyMap<Handle, string>) {
    this.#weights = weights;
  }

  /** Whether a tensor depends on an input. */
  computes(tensor: Handle): boolean {
    return this.#values.has(tensor);
  }

  /** Gives a tensor that the graph computes its name. */
  define(tensor: Handle, name: string): void {
    this.#values.set(tensor, name);
  }

  /** The name of a tensor; what does not depend on an input becomes a constant. */
  name(tensor: Handle): string {
    const known = this.#values.get(tensor) ?? this.#constants.get(tensor);
    if (known === "") throw notExportable("a result of batchNorm other than its output is used");
    if (known !== undefined) return known;
    const name = this.#weights.get(tensor) ?? `constant_${this.floats.size}`;
    this.floats.set(name, { shape: this.shape(tensor), data: Float32Array.from(binding().readSync(tensor)) });
    this.#constants.set(tensor, name);
    return name;
  }

  /** The shape of a tensor. */
  shape(tensor: Handle): readonly number[] {
    return (JSON.parse(binding().info(tensor)) as { shape: number[] }).shape;
  }

  /** A constant of one number. */
  number(value: number): string {
    return this.constant([], Float32Array.of(value));
  }

  /** A constant of floats. */
  constant(shape: readonly number[], data: Float32Array): string {
    const name = `number_${this.floats.size}`;
    this.floats.set(name, { shape, data });
    return name;
  }

  /** A list of whole numbers as an input of a node. */
  list(values: readonly number[]): string {
    const name = `list_${this.integers.size}`;
    this.integers.set(name, [...values]);
    return name;
  }

  /** Adds a node with one output and returns its name. */
  node(op: string, inputs: readonly string[], attributes: Readonly<Record<string, OnnxAttribute>> = {}): string {
    const output = `value_${this.#count++}`;
    this.nodes.push({ op, inputs, outputs: [output], attributes });
    return output;
  }
}

/** The error for a network that cannot be exported. */
export function notExportable(text: string): ArgumentError {
  return new ArgumentError(`exportOnnx: ${text}.`, "not_exportable");
}
