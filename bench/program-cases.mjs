// Timed steps of whole programs. Their weights and data are the same in every language, so that loss, gradient and the
// loss after some steps are compared with those of PyTorch and deepinv before anything is timed.
import { grad, loss, nn, noGrad, optim, physics, tensor, tidy } from "../dist/index.js";
import { ReplayRng } from "../dist/testing/index.js";
import { CHECKED } from "./network.mjs";
import { dncnnLayers, drunetLayers, patchGanLayers } from "./networks.mjs";
import { clean, noisy, numbers, seeded } from "./seeded.mjs";
import { denoising, sigma, training } from "./steps.mjs";
import { evaluated, times, total, trained } from "./work.mjs";

const small7 = () => seeded(new nn.DnCNN({ inChannels: 1, outChannels: 1, depth: 7, nf: 32 }));

/** Draws always the same mask of what the network sees: two of three columns. */
class FixedMask extends physics.PhysicsGenerator {
  constructor(shape) {
    super("FixedMask", {}, []);
    this.shape = shape;
  }
  draw() {
    const side = this.shape.at(-1);
    const row = Float32Array.from({ length: side }, (_, column) => (column % 3 === 0 ? 0 : 1));
    return {
      mask: tensor(row, { shape: [1, 1, 1, side] })
        .expand(this.shape)
        .clone(),
    };
  }
}

/** MoDL on the measurements of an MRI of which every fourth column and the middle are measured, split at random. */
function splitting(side, fixed) {
  const shape = [1, 2, side, side];
  const measured = (column) => column % 4 === 0 || Math.abs(column - side / 2) < side / 12;
  const row = Float32Array.from({ length: side }, (_, column) => (measured(column) ? 1 : 0));
  const mask = tensor(row, { shape: [1, 1, 1, side] })
    .expand(shape)
    .clone();
  const operator = new physics.MRI({ imgSize: shape.slice(1), mask });
  const criterion = new loss.SplittingLoss({
    splitRatio: 0.6,
    ...(fixed ? { maskGenerator: new FixedMask(shape) } : {}),
  });
  const denoiser = new nn.DnCNN({ inChannels: 2, outChannels: 2, depth: 7, nf: 32 });
  const model = criterion.adaptModel(seeded(new nn.MoDL({ denoiser })));
  const y = noGrad(() => operator.A(clean(shape)));
  const value = () => {
    const xNet = model.forward(y, operator, { updateParameters: true });
    return criterion.forward({ xNet, y, physics: operator, model }).mean();
  };
  return { value, weight: denoiser.inConv.weight, step: training(model, value) };
}

/** The step of a generator by the errors and by what a discriminator sees, and that of the discriminator. */
function adversarialStep(side) {
  const shape = [side === 48 ? 8 : 2, 1, side, side];
  const [model, D] = [small7(), seeded(new nn.PatchGANDiscriminator({ inputNc: 1, ndf: 32, nLayers: 2 }))];
  const [operator, x, y] = [denoising(), clean(shape), noisy(shape)];
  const [error, generator, discriminator] = [
    new loss.SupLoss(),
    new loss.adversarial.SupAdversarialGeneratorLoss(),
    new loss.adversarial.SupAdversarialDiscriminatorLoss(),
  ];
  const ofD = new optim.Adam(D.parameters(), { lr: 1e-4 });
  let xNet;
  const value = () => {
    xNet = model.forward(y, operator);
    const args = { xNet, x, y, physics: operator, D };
    return error.forward(args).add(generator.forward(args)).mean();
  };
  const ofModel = training(model, value);
  const step = () => {
    const reported = ofModel();
    const seen = { xNet: xNet.detach(), x, y, physics: operator, D };
    const gradients = grad(discriminator.forward(seen).mean(), D.parameters(), { allowUnused: true });
    noGrad(() => ofD.step(gradients));
    return reported;
  };
  return { value, weight: model.inConv.weight, step };
}

/** UNSURE: SURE whose noise level is learned, too. */
function unsure(side, fixed) {
  const shape = [side === 48 ? 8 : 2, 1, side, side];
  const [model, operator, y] = [small7(), denoising(), noisy(shape)];
  const criterion = new loss.SureGaussianLoss({ sigma, unsure: true, momentum: 0 });
  const probe = numbers(shape, Math.sqrt(3), 1003);
  const value = () => {
    const rng = fixed ? { rng: new ReplayRng([{ kind: "normal", tensor: probe }]) } : {};
    return criterion.forward({ xNet: model.forward(y, operator), y, physics: operator, model, ...rng }).mean();
  };
  return { value, weight: model.inConv.weight, step: training(model, value) };
}

const [NC, NB] = [[32, 64, 128, 256], 2];

function drunet(side) {
  const shape = [side === 64 ? 4 : 1, 1, side, side];
  const model = seeded(new nn.DRUNet({ inChannels: 1, outChannels: 1, nc: NC, nb: NB }), 0.3);
  const [x, y, criterion] = [clean(shape), noisy(shape), new loss.SupLoss()];
  const value = () => criterion.forward({ xNet: model.forward(y, sigma), x }).mean();
  return { value, weight: model.mHead.weight, step: training(model, value) };
}

const DISCRIMINATOR = patchGanLayers(32, 2, [8, 1, 48, 48]);
const DENOISER = dncnnLayers(7, 32, [8, 1, 48, 48]);

/** Label, steps, work, the program, its side, and a small one to compare; `fixed` leaves nothing to chance. */
const programs = {
  splitting: {
    label: "splitting-loss step of MoDL (3 iterations, DnCNN 7 x 32) on single-coil MRI, 2x128x128",
    steps: 1,
    // Iterations depend on the steps towards the measurements, which are trained.
    work: times(3, trained(dncnnLayers(7, 32, [1, 2, 128, 128]), true)),
    program: splitting,
    sides: [128, 24],
  },
  adversarial: {
    label: "adversarial step (supervised, PatchGAN 32-64-128), DnCNN 7 x 32, batch 8 of 1x48x48",
    steps: 2,
    // The generator's step goes through the discriminator and back; the discriminator learns from two batches.
    work: total(trained(DENOISER), times(2, evaluated(DISCRIMINATOR)), times(2, trained(DISCRIMINATOR))),
    program: adversarialStep,
    // At 16 a value before a ReLU is zero to 1e-6, and the gradient jumps by 0.002 with the last digits of any kernel.
    sides: [48, 20],
  },
  unsure: {
    label: "UNSURE step, DnCNN 7 x 32, batch 8 of 1x48x48",
    steps: 3,
    work: times(2, trained(DENOISER)),
    program: unsure,
    sides: [48, 12],
  },
  drunet: {
    label: "training step, DRUNet 32-64-128-256 with 2 blocks, batch 4 of 1x64x64",
    steps: 1,
    work: trained(drunetLayers(NC, NB, [4, 1, 64, 64])),
    program: drunet,
    sides: [64, 32],
  },
};

/** The cases by name, as those of cases.mjs. */
export const programCases = Object.fromEntries(
  Object.entries(programs).map(([name, { program, sides, ...one }]) => [
    name,
    { ...one, make: (small) => program(sides[small ? 1 : 0], false).step },
  ]),
);

/** Loss, gradient, and the loss after some steps of each program, small and without chance, by name. */
export async function checkPrograms() {
  const results = {};
  const read = async (what) => {
    const value = tidy(what);
    const data = [...(await value.data())];
    value.dispose();
    return data;
  };
  for (const [name, { program, sides }] of Object.entries(programs)) {
    const { value, weight, step } = program(sides[1], true);
    results[`${name}: loss`] = await read(value);
    results[`${name}: gradient`] = await read(() => grad(value(), [weight])[0]);
    for (let i = 0; i < CHECKED.steps; i++) await read(step);
    results[`${name}: after`] = await read(value);
  }
  return results;
}
