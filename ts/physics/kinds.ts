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

/** The operators, as the literal that each class carries in `operator`; losses are paired with physics by it. */
export type OperatorKind = (typeof operatorKinds)[number];
