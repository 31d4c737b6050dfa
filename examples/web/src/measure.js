// A sample is measured here: noise is added to it, it is blurred, or pixels are taken out.
import { metric, tensor, tidy } from "adjoint";
import { makePhysics } from "./build.js";

/**
 * The measurement of a clean picture `{ data, shape }` by a physics as in a configuration: `{ given, mask? }`, the mask
 * being that of the pixels that are not missing.
 */
export async function measure(clean, physics, rng) {
  const [channels, height, width] = clean.shape;
  // With reflect padding a sample keeps its size when it is blurred.
  const whole = makePhysics(
    { ...physics, imgSize: [channels, height, width], ...(physics.padding ? { padding: "reflect" } : {}) },
    { rng: rng.fork() },
  );
  const image = tensor(clean.data, { shape: [1, ...clean.shape] });
  // Gamma noise is multiplicative: 0 would stay without noise.
  const x = physics.noise.name === "GammaNoise" ? image.clamp(0.01, 1) : image;
  const y = whole.forward(x, { rng: rng.fork() });
  const given = { data: Float32Array.from(await y.data()), shape: clean.shape };
  const mask =
    physics.name === "Inpainting"
      ? Float32Array.from((await whole.mask.data()).subarray(0, height * width))
      : undefined;
  for (const value of [image, x, y]) value.dispose();
  return { given, mask };
}

/** PSNR of an image clipped to [0, 1] against the ground truth; undefined if that is not known. */
export async function psnrOf(pixels, truth) {
  if (!truth) return undefined;
  const value = tidy(() => {
    const [a, b] = [pixels, truth].map(({ data, shape }) => tensor(data, { shape: [1, ...shape] }));
    return new metric.PSNR().forward(a.clamp(0, 1), b);
  });
  const [number] = await value.data();
  value.dispose();
  return number;
}
