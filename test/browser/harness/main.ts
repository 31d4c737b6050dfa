// The functions that tests call in the browser, and in Node to compare results.
// The module with WebGPU.
import "../../../ts/runtime/web/gpu-module.js";
import { devices, init } from "../../../ts/runtime/index.js";
import { encodePng, readPixels } from "../../../ts/io/index.js";
import { Rng } from "../../../ts/random/index.js";
import { type Tensor, tensor, zeros } from "../../../ts/tensor/index.js";
import { device } from "./devices.js";
import { failure } from "./failure.js";

export { devices, init };
export { changeDevice, derivatives, kernelGradients, loseDevice, memoryOnGpu, readable } from "./gpu.js";
export { device, failure };
export { golden } from "./golden.js";
export { tape, tapeNames } from "./tape.js";
export { computed, failWorker, heapBytes, joined, threads } from "./threads.js";
export { memoryOver, train } from "./train.js";

/** The bytes of draws of every kind from one stream, and of its states. */
export function randomBytes(): number[] {
  const rng = new Rng(11);
  const draws = [
    rng.normal([500]),
    rng.uniform([500]),
    rng.rademacher([50]),
    rng.bernoulli([50], 0.3),
    rng.randint(0, 1000, [50]),
    rng.permutation(40),
    rng.poisson(tensor(Float32Array.from({ length: 300 }, (_, i) => i / 4))),
    rng.binomial(tensor(new Float32Array(200).fill(9)), 0.4),
    rng.gamma(2.5, 1, [300]),
    rng.gamma(0.3, 2, [300]),
    rng.beta(2, 5, [300]),
    rng.exponential([300]),
    rng.laplace([300]),
    rng.normal([500], { dtype: "float64", device: "cpu" }),
  ];
  const bytes = draws.flatMap((t) => {
    const data = t.dataSync();
    return Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  });
  for (const t of draws) t.dispose();
  return [...bytes, ...new TextEncoder().encode(rng.fork().state()), ...new TextEncoder().encode(rng.state())];
}

/**
 * Exhausts the module's memory until it traps, then starts a new runtime; returns the errors, and results of the new
 * runtime. `wasm` is the file of the module.
 */
export async function trapAndRestart(wasm: Uint8Array) {
  await init({ wasm: limitMemory(wasm, 3000) });
  const old = tensor([1, 2, 3]);
  const oldRng = new Rng(1);
  const kept: Tensor[] = [];
  // An upload that does not fit is an ordinary error; an operator without memory for its result traps.
  let trap: Awaited<ReturnType<typeof failure>>;
  for (let i = 0; i < 64 && trap?.code !== "runtime_lost"; i++)
    trap = await failure(() => kept.push(zeros([1 << 21]).add(1)));
  const after = [
    await failure(() => zeros([2])),
    await failure(async () => await old.data()),
    await failure(() => oldRng.normal([2])),
    await failure(() => old.add(1)),
  ];
  await init();
  const value = Array.from(await tensor([1, 2]).add(1).data());
  const stale = await failure(() => old.add(tensor([1, 2, 3])));
  old.dispose();
  const drawn = Array.from(await new Rng(3).normal([2]).data());
  return { trap, after, value, stale, drawn };
}

/** Sets a maximum in the memory section (5) of a module, in pages of 64 KiB. */
function limitMemory(wasm: Uint8Array, pages: number): Uint8Array {
  /** Decodes an unsigned LEB128 number. */
  const decode = (start: number): [value: number, end: number] => {
    let [value, shift, i] = [0, 0, start];
    for (;;) {
      const byte = wasm[i++] as number;
      value |= (byte & 127) << shift;
      if (byte < 128) return [value, i];
      shift += 7;
    }
  };
  const encode = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...encode(value >>> 7)]);
  for (let offset = 8; offset < wasm.length; ) {
    const [length, start] = decode(offset + 1);
    if (wasm[offset] !== 5) {
      offset = start + length;
      continue;
    }
    const [minimum] = decode(start + 2);
    const section = [1, 1, ...encode(minimum), ...encode(pages)];
    return Uint8Array.from([
      ...wasm.subarray(0, offset),
      5,
      ...encode(section.length),
      ...section,
      ...wasm.subarray(start + length),
    ]);
  }
  throw new Error("the module has no memory section");
}

/** Decodes an image file, and encodes it again as a PNG. */
export async function image(
  url: string,
  channels: "auto" | "grey" | "rgb",
): Promise<{ shape: number[]; data: number[]; png: number[] }> {
  const { data, shape } = await readPixels(url, { channels });
  return { shape, data: Array.from(data), png: Array.from(await encodePng(tensor(data, { shape }))) };
}

/** `[1, 2] + [2, 3]`. */
export function sum(): number[] {
  return Array.from(
    tensor([1, 2])
      .add(tensor([2, 3]))
      .dataSync(),
  );
}

/** All pages of an image file in stored values, in the page and as a `File` that a visitor chose. */
export async function pixels(url: string): Promise<{ shape: number[]; sample: string; data: number[] }> {
  const read = await readPixels(url, { scale: "none", page: "all" });
  const file = new File([await (await fetch(url)).arrayBuffer()], "picture");
  const again = await readPixels(file, { scale: "none", page: "all" });
  if (again.data.some((value, i) => !Object.is(value, read.data[i]))) throw new Error(`${url}: a File reads otherwise`);
  return { shape: read.shape, sample: read.sample, data: Array.from(read.data) };
}

/** The code of the error with which an image file is refused. */
export async function refused(url: string, options: object): Promise<string> {
  return await readPixels(url, options).then(
    () => "read",
    (error: unknown) => String((error as { code?: string }).code),
  );
}
