/** The kinds of operators. */
export const operatorKinds = [
  "denoising",
  "inpainting",
  "demosaicing",
  "blur",
  "blurFFT",
  "downsampling",
  "compressedSensing",
  "singlePixelCamera",
  "mri",
  "multiCoilMRI",
  "dynamicMRI",
  "sequentialMRI",
  "tomography",
  "decolorize",
  "pansharpen",
  "composed",
  "stacked",
  "custom",
] as const;

/** A kind of operator: the literal in the field `operator` of each class, which decides what losses fit a physics. */
export type OperatorKind = (typeof operatorKinds)[number];
