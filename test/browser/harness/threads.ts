import { fft2, interpolate } from "../../../ts/functional/index.js";
import { DnCNN } from "../../../ts/nn/index.js";
import { Adam } from "../../../ts/optim/index.js";
import { Rng } from "../../../ts/random/index.js";
import { binding, devices } from "../../../ts/runtime/index.js";
import { grad, noGrad, tidy } from "../../../ts/tensor/index.js";

/** The bits of two training steps, of random draws, of a spectrum and of an image of another size. */
export function computed(): number[] {
  return tidy(() => {
    const rng = new Rng(5);
    const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 4, nf: 16, rng: rng.fork() });
    const optimizer = new Adam(model.parameters(), { lr: 1e-3 });
    const x = rng.uniform([4, 1, 64, 64]);
    const y = x.add(rng.normal([4, 1, 64, 64]).mul(0.1));
    for (let step = 0; step < 2; step++) {
      const gradients = grad(model.forward(y).sub(x).square().mean(), model.parameters());
      noGrad(() => optimizer.step(gradients));
    }
    const images = rng.gamma(2.5, 1, [1, 2, 256, 256]);
    const results = [
      ...model.parameters().map((weights) => weights.detach()),
      rng.poisson(images),
      fft2(images),
      interpolate(images, { size: [300, 300] }),
      images.sum(),
    ];
    return results.map((result) => hash(new Uint32Array((result.dataSync() as Float32Array).buffer)));
  });
}

/** FNV-1a of 32-bit words (Fowler, Noll, Vo). */
function hash(words: Uint32Array): number {
  return words.reduce((sum, word) => Math.imul(sum ^ word, 16777619), 0x811c9dc5) >>> 0;
}

/** The number of threads that compute. */
export function threads(): number | undefined {
  return devices().find(({ name }) => name === "cpu")?.threads;
}

/** Bytes of the module's memory. */
export function heapBytes(): number {
  return binding().heapBytes?.() ?? 0;
}

/** What tests use of the JavaScript of the module with threads. */
interface Threads {
  threadsJoined(): number;
  default(): Promise<{ threadFailed(): void }>;
}

const glue = async () => (await import("../../../dist/wasm/adjoint_wasm_threads.js")) as Threads;

/** How often workers have joined a job. */
export async function joined(): Promise<number> {
  return (await glue()).threadsJoined();
}

/** Tells the module that a worker ended in a trap. */
export async function failWorker(): Promise<void> {
  (await (await glue()).default()).threadFailed();
}
