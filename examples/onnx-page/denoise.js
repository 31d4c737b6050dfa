// Denoises grey pictures with a network that `adjoint export` wrote.
import * as ort from "onnxruntime-web/wasm";

// Pages that are not isolated from other origins have one thread.
ort.env.wasm.numThreads = 1;

/** Downloads the network and gets it ready. */
export async function loadNetwork(url) {
  return await ort.InferenceSession.create(url);
}

/**
 * The denoised picture: values from 0 to 1, row by row, as those given. `sigma` is the standard deviation of the noise;
 * a network that takes none ignores it. Sides are extended to multiples of `multiple`, as U-Nets need them.
 */
export async function denoise(session, { values, width, height }, sigma, multiple = 8) {
  const [wide, tall] = [width, height].map((side) => Math.ceil(side / multiple) * multiple);
  const padded = new Float32Array(wide * tall);
  for (let row = 0; row < tall; row++) {
    for (let column = 0; column < wide; column++) {
      padded[row * wide + column] = values[Math.min(row, height - 1) * width + Math.min(column, width - 1)];
    }
  }
  const inputs = { input: new ort.Tensor("float32", padded, [1, 1, tall, wide]) };
  if (session.inputNames.includes("sigma")) inputs.sigma = new ort.Tensor("float32", [sigma], [1]);
  const { output } = await session.run(inputs);
  const clean = new Float32Array(width * height);
  for (let row = 0; row < height; row++) {
    clean.set(output.data.subarray(row * wide, row * wide + width), row * width);
  }
  return { values: clean, width, height };
}
