// `node bench/curves.mjs`: trains a denoiser for 100 steps with our kernels and with burn's (ADJOINT_CONV=burn), with
// the same seed, and prints both PSNR curves. Fails if they end more than 0.05 dB apart. With `--one` it trains once,
// with the kernels that the environment selects, and prints the curve as JSON.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const STEPS = 100;
const LIMIT = 0.05;

/** PSNR of a fixed test image after every tenth step. */
async function train() {
  const { arange, grad, init, loss, metric, nn, noGrad, optim, physics, Rng, tidy } = await import("../dist/index.js");
  await init();
  const rng = new Rng(3);
  const model = new nn.DnCNN({ inChannels: 1, outChannels: 1, depth: 5, nf: 24, rng });
  const optimizer = new optim.Adam(model.parameters(), { lr: 2e-3 });
  const denoising = new physics.Denoising({ noiseModel: new physics.GaussianNoise({ sigma: 0.2 }) });
  const criterion = new loss.SupLoss();
  const psnr = new metric.PSNR();
  // Images with structure, which a denoiser can learn: products of two waves.
  const ramp = arange(48).mul(0.3).reshape([1, 1, 1, 48]);
  const images = (count) => {
    const wave = () =>
      ramp
        .mul(rng.uniform([count, 1, 1, 1]).add(0.5))
        .add(rng.uniform([count, 1, 1, 1]).mul(6))
        .sin();
    return wave().transpose().mul(wave()).mul(0.5).add(0.5);
  };
  const clean = images(4);
  const noisy = denoising.forward(clean, { rng });
  const curve = [];
  for (let step = 1; step <= STEPS; step++) {
    tidy(() => {
      const x = images(4);
      const y = denoising.forward(x, { rng });
      const value = criterion.forward({ xNet: model.forward(y, denoising), x }).mean();
      const gradients = grad(value, model.parameters());
      noGrad(() => optimizer.step(gradients));
    });
    if (step % 10 === 0)
      curve.push(tidy(() => noGrad(() => psnr.forward(model.forward(noisy, denoising), clean).mean())).itemSync());
  }
  return curve;
}

if (process.argv.includes("--one")) {
  console.log(JSON.stringify(await train()));
} else {
  const script = fileURLToPath(import.meta.url);
  const run = (kernels) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, "--one"], {
      encoding: "utf8",
      env: { ...process.env, ADJOINT_CONV: kernels },
    });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  };
  const [ours, burns] = [run("auto"), run("burn")];
  const apart = Math.abs(ours.at(-1) - burns.at(-1));
  console.log(JSON.stringify({ ours, burns, apart }));
  if (!(apart <= LIMIT)) {
    console.error(`after ${STEPS} steps the curves are ${apart.toFixed(3)} dB apart; the limit is ${LIMIT}`);
    process.exitCode = 1;
  }
}
