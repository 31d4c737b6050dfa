// Arguments that a function may well be given, by the types and names of its parameters.

const small = { inChannels: 1, outChannels: 1, depth: 2, nf: 1, kernelSize: 3 };
const network = "new nn.DnCNN({ depth: 2, nf: 1, inChannels: 1, outChannels: 1 })";
const dataset = "new data.TensorDataset({ x: ones([2, 1, 8, 8]), y: ones([2, 1, 8, 8]) })";

/** Values of interfaces. */
const interfaces = {
  AbortSignal: "AbortSignal.abort()",
  AnyPhysics: "new physics.Denoising()",
  ArrayBuffer: "new ArrayBuffer(8)",
  Blob: "new Blob([])",
  ClippedNoise: "data.clippedNoise(new physics.GaussianNoise(), 1)",
  Dataset: dataset,
  DataSource: dataset,
  Denoiser: network,
  Dims: "1",
  Layer: "new nn.ReLU()",
  Logger: "{ scalars: () => undefined }",
  Losses: "new loss.SupLoss()",
  NestedArray: "[1, 2]",
  Promise: "Promise.resolve(1)",
  RandomSource: "new Rng(0)",
  Reconstructor: network,
  URL: "new URL('file:///no/such/file.png')",
  Uint8Array: "new Uint8Array(16)",
  WriteStream: "{ write: () => true }",
  Float32Array: "new Float32Array(64)",
};

/** Values of parameters and options by name, where their type says too little. */
const byName = {
  image: "{ data: new Float32Array(64), shape: [1, 8, 8] }",
  imgSize: "[1, 8, 8]",
  imgWidth: "8",
  sigma: "0.1",
  gain: "0.1",
  m: "3",
  angles: "3",
  splitRatio: "0.5",
  psfSize: "5",
  factor: "2",
  splitGenerator: "new physics.RandomMaskGenerator({ imgSize: [1, 8, 8], acceleration: 2 })",
  maskGenerator: "new physics.BernoulliSplittingMaskGenerator({ imgSize: [1, 8, 8], splitRatio: 0.5 })",
  mask: "ones([1, 1, 8, 8])",
  kernelSize: "3",
  outputSize: "2",
  numGroups: "1",
  nIter: "1",
  gamma: "0.5",
  tau: "0.1",
  milestones: "[2]",
  dim: "1",
  dims: "[1]",
  shape: "[1, 1, 8, 8]",
  filter: "ones([1, 1, 3, 3])",
  parameters: "[ones([1, 1, 8, 8]).requiresGrad_()]",
  optimizer: "new optim.SGD([ones([1]).requiresGrad_()], { lr: 1 })",
  caller: '"caller"',
  className: '"Class"',
  keys: "[]",
  path: '"file.png"',
  size: "4",
  list: "[new physics.Denoising(), new physics.Denoising()]",
  history: "[{ step: 1, epoch: 0, loss: 1 }, { step: 2, epoch: 0, loss: 0.5 }]",
  xNet: "ones([1, 1, 8, 8])",
  losses: "[new loss.SupLoss(), new loss.MCLoss()]",
  probs: "[0.5, 0.5]",
  generators: "[new physics.SigmaGenerator(), new physics.SigmaGenerator()]",
  state: "{}",
  handle: "1",
  dtype: '"float32"',
  device: '"cpu"',
  params: "{}",
  seed: "0",
  weights: "[1, 1]",
  shapeParameter: "1",
};

const complex = "imgSize: [2, 8, 8]";
const acquisition = `{ ${complex}, acceleration: 2 }`;

/** Instances of classes for which the general rule is not enough. */
const instances = {
  "data.HDF5Dataset": undefined,
  "data.ImageFolder": undefined,
  "data.MeasurementFolder": undefined,
  "data.NoisyPatches": "new data.NoisyPatches({ data: new Float32Array(64), shape: [1, 8, 8] }, [4, 4], 2, true)",
  "io.Hdf5Reader": undefined,
  "io.ImageReader": undefined,
  "loss.adversarial.UAIRGeneratorLoss": "new loss.adversarial.UAIRGeneratorLoss()",
  "loss.EquivariantSplittingModel":
    "new loss.EquivariantSplittingLoss({ imgSize: [1, 8, 8], transform: new transform.Shift() })" +
    `.adaptModel(${network})`,
  "loss.R2RModel": `new loss.R2RLoss({ noiseModel: new physics.GaussianNoise() }).adaptModel(${network})`,
  "loss.LearningToRecorruptModel": `new loss.LearningToRecorruptLoss().adaptModel(${network})`,
  "loss.Noise2VoidModel": `new loss.Noise2VoidLoss().adaptModel(${network})`,
  "loss.Noise2SelfModel": `new loss.Noise2SelfLoss().adaptModel(${network})`,
  "loss.ReducedResolutionModel": `new loss.ReducedResolutionLoss().adaptModel(${network})`,
  "loss.ScoreModel": `new loss.ScoreLoss({ noiseModel: new physics.GaussianNoise() }).adaptModel(${network})`,
  "loss.SplittingModel": `new loss.SplittingLoss({ imgSize: [1, 8, 8] }).adaptModel(${network})`,
  "loss.BaseLossScheduler": undefined,
  "nn.DnCNN": network,
  "nn.DRUNet": "new nn.DRUNet({ inChannels: 1, outChannels: 1, nc: [1, 1, 1, 1], nb: 1 })",
  "nn.FFDNet": "new nn.FFDNet({ nConvLayers: 2, nf: 1 })",
  "nn.SRResNet": "new nn.SRResNet({ numBlocks: 1, imC: 1, feats: 1, upscale: 1 })",
  "nn.UNet": "new nn.UNet({ inChannels: 1, outChannels: 1, scales: 2 })",
  "nn.Sequential": "new nn.Sequential(new nn.ReLU())",
  "nn.ArtifactRemoval": `new nn.ArtifactRemoval({ backboneNet: ${network} })`,
  "nn.MoDL": `new nn.MoDL({ numIter: 1, denoiser: ${network} })`,
  "nn.PatchGANDiscriminator": "new nn.PatchGANDiscriminator({ inputNc: 1, ndf: 1, nLayers: 1 })",
  "nn.DCGANDiscriminator": "new nn.DCGANDiscriminator({ ndf: 1, nc: 1 })",
  "nn.DCGANGenerator": "new nn.DCGANGenerator({ outputSize: 64, nz: 1, ngf: 1, nc: 1 })",
  "nn.CSGMGenerator": "new nn.CSGMGenerator({ backboneGenerator: new nn.ReLU() })",
  "nn.ESRGANDiscriminator": "new nn.ESRGANDiscriminator({ imgSize: [1, 16, 16], filters: [1, 1] })",
  "nn.SkipConvDiscriminator": "new nn.SkipConvDiscriminator({ imgSize: [16, 16], dimDisc: 1 })",
  "nn.SpectralNorm": "new nn.SpectralNorm({ layer: new nn.Conv2d({ inChannels: 1, outChannels: 1, kernelSize: 3 }) })",
  "nn.EquivariantReconstructor":
    `new nn.EquivariantReconstructor({ model: ${network}, ` + "transform: new transform.Reflect() })",
  "physics.BlurFFT": "new physics.BlurFFT({ imgSize: [1, 8, 8], filter: ones([1, 1, 3, 3]) })",
  "physics.MRI": `new physics.MRI({ ${complex} })`,
  "physics.DynamicMRI": "new physics.DynamicMRI({ imgSize: [2, 3, 8, 8] })",
  "physics.SequentialMRI": "new physics.SequentialMRI({ imgSize: [2, 3, 8, 8] })",
  "physics.MultiCoilMRI": `new physics.MultiCoilMRI({ ${complex}, coilMaps: 1 })`,
  "physics.Demosaicing": "new physics.Demosaicing({ imgSize: [3, 8, 8] })",
  "physics.Pansharpen": "new physics.Pansharpen({ imgSize: [3, 8, 8] })",
  "physics.Inpainting": "new physics.Inpainting({ imgSize: [1, 8, 8], mask: 0.5 })",
  "physics.StackedPhysics": "new physics.StackedPhysics({ list: [new physics.Denoising(), new physics.Denoising()] })",
  "physics.TensorList": "new physics.TensorList([ones([1, 1, 8, 8]), ones([1, 1, 8, 8])])",
  "physics.VirtualLinearPhysics":
    "new physics.VirtualLinearPhysics({ physics: new physics.Denoising(), transform: new transform.Shift() })",
  "physics.RandomMaskGenerator": `new physics.RandomMaskGenerator(${acquisition})`,
  "physics.GaussianMaskGenerator": `new physics.GaussianMaskGenerator(${acquisition})`,
  "physics.EquispacedMaskGenerator": `new physics.EquispacedMaskGenerator(${acquisition})`,
  "physics.PolyOrderMaskGenerator": `new physics.PolyOrderMaskGenerator(${acquisition})`,
  "physics.Artifact2ArtifactSplittingMaskGenerator":
    "new physics.Artifact2ArtifactSplittingMaskGenerator({ imgSize: [2, 4, 8, 8] })",
  "physics.Phase2PhaseSplittingMaskGenerator":
    "new physics.Phase2PhaseSplittingMaskGenerator({ imgSize: [2, 4, 8, 8] })",
  "train.Trainer": trainer("Trainer", ""),
  "train.AdversarialTrainer": trainer(
    "AdversarialTrainer",
    "D: new nn.ReLU(), lossesD: new loss.adversarial.SupAdversarialDiscriminatorLoss(), " +
      "optimizerD: new optim.SGD([ones([1]).requiresGrad_()], { lr: 1 }), ",
  ),
  "testing.ReplayRng": 'new testing.ReplayRng([{ kind: "normal", tensor: ones([1]) }])',
};

function trainer(name, more) {
  return (
    `((model) => new train.${name}({ ${more}model, physics: new physics.Denoising(), losses: new loss.SupLoss(), ` +
    `optimizer: new optim.SGD(model.parameters(), { lr: 0.1 }), trainData: ${dataset}, maxSteps: 1 }))(${network})`
  );
}

/** Whether a class works on images of two channels, as complex numbers are. */
const isComplex = (path) => /MRI|Phase|ENSURE/.test(path);

/**
 * Makes arguments.
 *
 * @param signatures what `signatures.mjs` gives.
 * @param pick chooses from a list; the first for the simplest arguments.
 * @param chance whether an optional argument is given.
 */
export function argumentMaker(signatures, pick = ([first]) => first, chance = () => false) {
  const classes = new Map(signatures.filter(({ kind }) => kind === "class").map((each) => [each.path, each]));

  function value(type, name, path = "", depth = 0) {
    if (type?.fields === undefined && byName[name] !== undefined && depth < 3) return byName[name];
    if (name === "image" && type?.fields?.data) return byName.image;
    if (type === "number") return small[name] === undefined ? "1" : String(small[name]);
    if (type === "string") return '"abc"';
    if (type === "boolean") return "true";
    if (type === "tensor") return isComplex(path) ? "ones([1, 2, 8, 8])" : "ones([1, 1, 8, 8])";
    if (type === "unknown" || type === undefined) return "1";
    if (type.words) return JSON.stringify(pick(type.words));
    if (type.class) return instance(type.class, depth) ?? "{}";
    if (type.interface)
      return interfaces[type.interface] ?? (type.interface.endsWith("Array") ? `new ${type.interface}(64)` : "{}");
    if (type.list) return `[${value(type.list, "", path, depth + 1)}]`;
    if (type.tuple) return `[${type.tuple.map((part) => value(part, "", path, depth + 1)).join(", ")}]`;
    if (type.either) return value(pick(type.either), "", path, depth + 1);
    if (type.table) return `{ a: ${value(type.table, "", path, depth + 1)} }`;
    if (type.returns) {
      if (type.returns === "tensor") return "(x) => x";
      return type.returns.interface === "Promise" ? "async (x) => x" : "() => 1";
    }
    return object(type.fields, path, depth);
  }

  function object(fields, path, depth, changed = {}) {
    const entries = Object.entries(fields)
      .filter(([key, field]) => changed[key] === undefined && (!field.optional || (depth < 2 && chance())))
      .map(([key, field]) => `${key}: ${value(field.type, key, path, depth + 1)}`);
    entries.push(...Object.entries(changed).map(([key, source]) => `${key}: ${source}`));
    return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
  }

  /** The source of an instance of a class; undefined where there is none. */
  function instance(path, depth = 0) {
    if (path in instances) return instances[path];
    const own = classes.get(path);
    if (own === undefined || depth > 4) return undefined;
    if (own.abstract) {
      const name = path.split(".").at(-1);
      const below = [...classes.values()].find(
        (each) => !each.abstract && each.bases.includes(name) && !(each.path in instances),
      );
      return below && instance(below.path, depth + 1);
    }
    const given = own.parameters.filter(({ optional }) => !optional);
    return `new ${path}(${given.map((each) => value(each.type, each.name, path, depth + 1)).join(", ")})`;
  }

  return { value, object, instance };
}
