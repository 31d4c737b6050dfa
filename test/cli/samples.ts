import type { Kind, Options, OptionType } from "../../ts/cli/option-type.js";
import { classes } from "../../ts/cli/classes.generated.js";

/** Values of required options, with which classes can be made; by class where one name is not enough. */
const byName: Readonly<Record<string, unknown>> = {
  imgSize: [2, 8, 8],
  imgWidth: 8,
  transform: { name: "Shift" },
  physics: "Denoising",
  sigma: 0.1,
  gain: 0.1,
  factor: 2,
  radius: 2,
  length: 3,
  m: 3,
  angles: 3,
  splitRatio: 0.5,
  psfSize: 5,
  maskGenerator: { name: "RandomMaskGenerator", imgSize: [2, 8, 8], acceleration: 2 },
  splitGenerator: { name: "RandomMaskGenerator", imgSize: [2, 8, 8], acceleration: 2 },
  backboneNet: { name: "DnCNN", depth: 2, nf: 1 },
  model: { name: "DnCNN", depth: 2, nf: 1 },
  dimInput: 16,
  kernelSize: 3,
  outputSize: 2,
  numFeatures: 2,
  numChannels: 2,
  numGroups: 2,
  inChannels: 1,
  outChannels: 1,
  inFeatures: 2,
  outFeatures: 2,
  layer: { name: "Conv2d", inChannels: 1, outChannels: 1, kernelSize: 3 },
  layers: ["ReLU"],
  tMax: 5,
  gamma: 0.5,
  steps: 5,
  milestones: [2],
  stepSize: 2,
  path: "adjoint:examples/images",
  folder: "runs",
  noiseModel: { name: "GaussianNoise" },
  dataset: { name: "ImageFolder", path: "adjoint:examples/images" },
  size: 8,
  epochThresh: 1,
  losses: ["MCLoss", "TVLoss"],
};
const byClass: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "physics.compose": { list: ["Denoising", { name: "Blur", filter: "gaussian" }] },
  "physics.stack": { list: ["Denoising", "Denoising"] },
  "physics.ComposedPhysics": { list: ["Denoising", "Denoising"] },
  "physics.ComposedLinearPhysics": { list: ["Denoising", "Denoising"] },
  "physics.StackedPhysics": { list: ["Denoising", "Denoising"] },
  "physics.StackedLinearPhysics": { list: ["Denoising", "Denoising"] },
  "physics.VirtualLinearPhysics": { physics: "Denoising", params: { xShift: [1], yShift: [2] } },
  "physics.BlurFFT": { imgSize: [1, 8, 8] },
  "physics.DynamicMRI": { imgSize: [2, 8, 8] },
  "physics.SequentialMRI": { imgSize: [2, 8, 8] },
  "physics.Demosaicing": { imgSize: [8, 8] },
  "physics.Pansharpen": { imgSize: [3, 8, 8] },
  "physics.SinglePixelCamera": { imgSize: [1, 8, 8] },
  "transform.compose": { list: ["Shift", "Reflect"] },
  "transform.or": { list: ["Shift", "Reflect"] },
  "transform.add": { list: ["Shift", "Reflect"] },
  "metric.add": { list: ["MSE", "MAE"] },
  "generator.GeneratorMixture": { generators: ["SigmaGenerator", "SigmaGenerator"], probs: [0.5, 0.5] },
  "generator.Artifact2ArtifactSplittingMaskGenerator": { imgSize: [2, 6, 8, 8] },
  "generator.Phase2PhaseSplittingMaskGenerator": { imgSize: [2, 6, 8, 8] },
  "loss.Artifact2ArtifactLoss": { imgSize: [2, 6, 8, 8] },
  "loss.Phase2PhaseLoss": { imgSize: [2, 6, 8, 8] },
  "loss.ENSURELoss": { physicsGenerator: byName["maskGenerator"] },
  "loss.WeightedSplittingLoss": { physicsGenerator: byName["maskGenerator"] },
  "loss.RobustSplittingLoss": { physicsGenerator: byName["maskGenerator"] },
  "loss.MOILoss": { physicsGenerator: "SigmaGenerator" },
  "loss.MOEILoss": { physicsGenerator: "SigmaGenerator" },
  "layer.Upsample": { scaleFactor: 2 },
  "model.ESRGANDiscriminator": { imgSize: [3, 8, 8] },
  "dataset.HDF5Dataset": { path: "test/formats/fixtures/arrays/fastmri.h5", y: "kspace" },
  "dataset.TensorDataset": { x: [[[[1, 2]]]] },
};

/** A class as a configuration names it, with what it needs. */
export function sampleOf(kind: Kind, name: string): { readonly name: string; readonly [option: string]: unknown } {
  const required = requiredOf(classes[kind][name]!.options).map((key): [string, unknown] => [key, byName[key]]);
  return { name, ...Object.fromEntries(required), ...byClass[`${kind}.${name}`] };
}

const requiredOf = (options: Options): string[] =>
  Object.entries(options).flatMap(([key, { required }]) => (required ? [key] : []));

/** A value of a type: what is written for it, whether or not a class accepts it. */
export function valueOf(type: OptionType): unknown {
  switch (type) {
    case "number":
      return 1;
    case "string":
      return "text";
    case "boolean":
      return true;
    case "null":
      return null;
    case "path":
      return "folder";
    case "tensor":
      return [[0.1, 0.2]];
    default:
  }
  if ("words" in type) return type.words[0];
  if ("list" in type) return isEmptyKind(type.list) ? [] : [valueOf(type.list)];
  if ("tuple" in type) return type.tuple.map(valueOf);
  if ("fields" in type)
    return Object.fromEntries(requiredOf(type.fields).map((key) => [key, valueOf(type.fields[key]!.type)]));
  if ("table" in type) return { any: valueOf(type.table) };
  if ("kind" in type) return sampleOf(type.kind, type.names?.[0] ?? Object.keys(classes[type.kind])[0]!);
  if ("nested" in type) return [[valueOf(type.nested)]];
  if ("weighted" in type) return { loss: valueOf(type.weighted), weight: 2 };
  return valueOf(type.either[0]!);
}

/** Whether a type names classes of a kind of which there is none. */
const isEmptyKind = (type: OptionType): boolean =>
  typeof type === "object" && "kind" in type && Object.keys(classes[type.kind]).length === 0;

/** Values of each alternative of a type. */
export function valuesOf(type: OptionType): unknown[] {
  return typeof type === "object" && "either" in type ? type.either.map(valueOf) : [valueOf(type)];
}
