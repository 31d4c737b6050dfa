// A denoiser with which plug-and-play iterations converge: the Lipschitz constant of 2f - Id is kept near 1, at some
// cost in PSNR.
//
//   npm run example -- lipschitz-denoiser
import { loss, nn, physics, Rng, tidy } from "adjoint";
import { begin, conclude, denoiser, evaluateModel, trainEach, patches, photographs } from "../shared/index.mjs";

const SIGMA = 0.1;
const BATCH = 8;
const BOUND = 1.05;

const run = await begin({
  name: "lipschitz-denoiser",
  about:
    `Firmly non-expansive denoising: the spectral norm of the Jacobian of 2f - Id is kept below ${BOUND}, ` +
    "against the same network without that condition.",
  steps: 300,
});
const { training, test, names } = await photographs({ size: 128 });
const noisy = new physics.Denoising({ noiseModel: new physics.GaussianNoise({ sigma: SIGMA }) });

/** A penalty on the spectral norm of the Jacobian of 2f - Id above a limit: max(0, |J| - limit)^2. */
class FirmlyNonExpansive extends loss.Loss {
  constructor(limit, options) {
    super();
    this.name = "FirmlyNonExpansive";
    this.assumptions = { noise: "any", operator: "any", needs: ["y", "model"], adapted: false };
    this.limit = limit;
    this.norm = new loss.FNEJacobianSpectralNorm(options);
  }

  forward(args) {
    return this.norm.forward(args).sub(this.limit).relu().square();
  }
}

const evaluation = { physics: noisy, data: test, seed: run.seed };
const before = await evaluateModel(
  "noisy",
  new nn.ArtifactRemoval({ backboneNet: new nn.Identity(), mode: "direct" }),
  evaluation,
);
const firm = new FirmlyNonExpansive(0.93, { maxIter: 8, reducedBatchsize: 2, reduction: "mean" });
const losses = {
  "no condition": new loss.SupLoss(),
  "firmly non-expansive": [new loss.SupLoss(), { loss: firm, weight: 0.1 }],
};
const { trainers, results } = await trainEach(
  run,
  losses,
  {
    model: (rng) => denoiser({ depth: 4, nf: 16, rng }),
    physics: noisy,
    trainData: () =>
      patches(training, { size: 32, steps: run.steps, batchSize: BATCH, physics: noisy, seed: run.seed }),
    batchSize: BATCH,
  },
  evaluation,
);
const norms = {};
for (const [label, { model }] of Object.entries(trainers)) norms[label] = await normsOf(model);

/** The spectral norm at each noisy test image, by sixty power iterations. */
async function normsOf(model) {
  const found = [];
  for (let i = 0; i < test.length; i++) {
    const { x } = await test.get(i);
    const y = noisy.forward(x.unsqueeze(0), { rng: new Rng(run.seed + i) });
    found.push(
      await tidy(() =>
        loss.jacobianSpectralNorm((u) => model.forward(u).mul(2).sub(u), y, {
          maxIter: 60,
          tol: 0,
          evalMode: true,
          rng: new Rng(i),
        }),
      ).item(),
    );
  }
  return found;
}

const list = (values) => values.map((value) => value.toFixed(3)).join(" and ");
const [free, held] = results.map(({ values }) => (values.PSNR[0] + values.PSNR[1]) / 2);
await conclude(run, {
  title: "A firmly non-expansive denoiser",
  names,
  results: [before, ...results],
  trainers,
  facts: [
    ...Object.entries(norms).map(
      ([label, values]) => `Spectral norm of 2f - Id at the noisy ${names.join(" and ")}, ${label}: ${list(values)}.`,
    ),
    `The condition costs ${(free - held).toFixed(2)} dB.`,
  ],
  numbers: { norms },
  settings: {
    network: "DnCNN, depth 4, 16 features",
    batch: `${BATCH} patches of 32x32`,
    optimiser: "Adam, learning rate 0.002, cosine schedule",
  },
});
