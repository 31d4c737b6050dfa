import { expect } from "vitest";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import type { Tensor } from "../../ts/tensor/index.js";

export { Rng };

/** Tests run on the CPU, in float64 where they compare numbers closely. */
export async function start(): Promise<void> {
  await init({ device: "cpu" });
}

/** Standard normal numbers in float64. */
export function normal(rng: Rng, shape: readonly number[]): Tensor {
  return rng.normal([...shape], { dtype: "float64" });
}

/** Largest absolute difference. */
export function distance(a: Tensor, b: Tensor): number {
  expect([...a.shape]).toEqual([...b.shape]);
  return a.sub(b).abs().max().itemSync();
}

/** What a function throws: class, code, and that its message contains each word. */
export function expectError(
  fn: () => unknown,
  kind: new (...args: never[]) => Error,
  code: string,
  ...words: string[]
): void {
  let thrown: unknown;
  try {
    fn();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(kind);
  const error = thrown as Error & { code: string };
  expect(error.code).toBe(code);
  for (const word of words) expect(error.message).toContain(word);
}
