// What several tasks are described with.

export const denoiser = (channels, depth = 5) => ({
  name: "DnCNN",
  inChannels: channels,
  outChannels: channels,
  depth,
  nf: 16,
});
export const one = (loss) => [{ loss }];
export const supervised = { terms: one({ name: "SupLoss" }), reference: true };
export const consistency = { name: "MCLoss" };
export const equivariance = (transform) => ({ name: "EILoss", transform });
export const rotations = { name: "Rotate", multiples: 90, positive: true };
/** n angles in half a turn; of an odd number, rotations by 90 degrees and reflections see 4 n equally spaced ones. */
export const anglesBetweenReflected = (n) => Array.from({ length: n }, (_, i) => (180 * (i + 1 / 4)) / n);
export const halfOfPixels = { name: "BernoulliSplittingMaskGenerator", imgSize: [1, 32, 32], splitRatio: 0.5 };
/** Inpainting of photographs, for each another mask that hides half of the pixels. */
export const inpaintingByMasks = {
  images: { kind: "photographs", size: 32, count: 400, masks: 0.5 },
  physics: { name: "Inpainting", imgSize: [1, 32, 32], mask: 0.5 },
  perSample: ["mask"],
  network: { start: "adjoint", denoiser: denoiser(1) },
};
