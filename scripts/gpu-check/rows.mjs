// What is timed: names of cases in bench/, and smaller ones for a device in software.
import { labelOf } from "../../bench/network.mjs";

const training = (batch, small) => ({
  name: `train:17x64:${batch}x64`,
  label: labelOf(`train:17x64:${batch}x64`),
  small: `train:5x16:${small}x32`,
  smallLabel: labelOf(`train:5x16:${small}x32`),
});
const part = (name, label, size, smallSize) => ({
  name,
  label: `${label}, ${size}`,
  small: `${name}:small`,
  smallLabel: `${label}, ${smallSize}`,
});

/** From little memory to much. `heavy`: too slow for a CPU. */
export const rows = [
  training(4, 1),
  part("unet", "training step, U-Net 64-128-256", "batch 4 of 1x64x64", "batch 1 of 1x16x16"),
  part("sure", "SURE step, DnCNN 7 x 32", "batch 8 of 1x48x48", "batch 1 of 1x16x16"),
  part("equivariant", "EI step, DnCNN 7 x 32, inpainting", "batch 8 of 1x48x48", "batch 1 of 1x16x16"),
  part("blur", "FFT blur and gradient", "4 of 3x256x256", "4 of 3x32x32"),
  part("mri", "MRI and gradient", "4 of 2x320x320", "4 of 2x32x32"),
  part("tomography", "tomography of 180 angles and gradient", "1x256x256", "1x24x24"),
  { ...training(64, 2), heavy: true },
  { ...training(256, 4), heavy: true },
];
