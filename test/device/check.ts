import { Rng } from "../../ts/random/index.js";
import { currentDevice, init } from "../../ts/runtime/index.js";
import { grad, tensor, tidy, type Tensor, type TensorOptions } from "../../ts/tensor/index.js";

/** Something that the current device must compute as the CPU does; `run` rejects with what differs. */
export interface DeviceCheck {
  readonly name: string;
  readonly run: () => Promise<void>;
  /** The function that is compared, where it is one operator or a few. */
  readonly compared?: Compared;
}

/** Numbers read from a tensor, and which tensor it was. */
export interface Numbers {
  readonly label: string;
  readonly data: Float64Array;
}

/** Where the reference is computed. */
export const EXACT = { device: "cpu", dtype: "float64" } as const;

/** Reads tensors and disposes of them. */
export async function numbersOf(tensors: Readonly<Record<string, Tensor>>): Promise<Numbers[]> {
  const all: Numbers[] = [];
  for (const [label, t] of Object.entries(tensors)) {
    all.push({ label, data: Float64Array.from(await t.data()) });
    t.dispose();
  }
  return all;
}

/** Refuses numbers that differ from the expected ones by more than `tolerance` times the largest of these. */
export function mustAgree(got: readonly Numbers[], expected: readonly Numbers[], tolerance: number): void {
  if (got.length !== expected.length) throw new Error(`${got.length} results, expected ${expected.length}`);
  for (const [k, { label, data }] of expected.entries()) {
    const other = got[k]?.data ?? new Float64Array();
    if (other.length !== data.length) throw new Error(`${label}: ${other.length} numbers, expected ${data.length}`);
    const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const allowed = tolerance * largest;
    const worst = data.reduce((most, value, i) => Math.max(most, Math.abs(value - (other[i] as number))), 0);
    // NaN is wrong too, hence the negation.
    if (worst <= allowed && other.every((value, i) => Math.abs(value - (data[i] as number)) <= allowed)) continue;
    const error = (worst / largest).toExponential(1);
    throw new Error(`${label}: error ${error} of the largest value, at most ${tolerance} is allowed`);
  }
}

/** A function whose value and derivatives are compared. */
export interface Compared {
  readonly f: (...inputs: Tensor[]) => Tensor;
  readonly shapes: readonly (readonly number[])[];
  /** Added to normal random inputs of half the standard deviation. Default: 0. */
  readonly around?: number;
  /** Whether the value alone is compared: it has no derivative. Default: false. */
  readonly valueOnly?: boolean;
}

/**
 * Largest error of an operator in float32, relative to the largest value: some fifty roundings. TF32 and float16
 * products, whose numbers have 11 bits, are off by several times this.
 */
const TOLERANCE = 5e-5;

/** The inputs of a function. */
export function drawn({ shapes, around = 0 }: Compared): { values: Float32Array; shape: readonly number[] }[] {
  const rng = new Rng(11);
  return shapes.map((shape) => {
    const normal = rng.normal(shape, { device: "cpu" }).dataSync();
    // Rounded before: the inputs are the same in both precisions.
    return { shape, values: Float32Array.from(normal, (value) => around + value / 2) };
  });
}

/** The value of a function, the gradient of its squared norm, and that of the squared norm of this gradient. */
async function derivatives(what: Compared, options: TensorOptions) {
  const { f, valueOnly = false } = what;
  const results = tidy(() => {
    const inputs = drawn(what).map(({ values, shape }) =>
      tensor(values, { shape, ...options, requiresGrad: !valueOnly }),
    );
    const value = f(...inputs);
    const found: Record<string, Tensor> = { value: value.detach().clone() };
    if (valueOnly) return found;
    const first = grad(value.square().sum(), inputs, { createGraph: true });
    first.forEach((g, i) => (found[`gradient ${i}`] = g.detach().clone()));
    const squared = first.map((g) => g.square().sum()).reduce((a, b) => a.add(b));
    grad(squared, inputs).forEach((g, i) => (found[`second gradient ${i}`] = g));
    return found;
  });
  return await numbersOf(results);
}

/** A check of a function against float64 on the CPU, with both derivatives. */
export function compared(name: string, what: Compared): DeviceCheck {
  return {
    name,
    compared: what,
    run: async () => mustAgree(await derivatives(what, {}), await derivatives(what, EXACT), TOLERANCE),
  };
}

/** A check of what the library computes on its current device against the same on the CPU. */
export function asOnCpu(name: string, numbers: () => Promise<Numbers[]>, tolerance: number): DeviceCheck {
  return {
    name,
    async run() {
      const device = currentDevice();
      const got = await numbers();
      await init({ device: "cpu" });
      try {
        mustAgree(got, await numbers(), tolerance);
      } finally {
        await init({ device });
      }
    },
  };
}
