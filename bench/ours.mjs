// What is timed of this library.
const { grad, init, loss, nn, optim, physics, Rng, noGrad, ones, tidy } = await import("../dist/index.js");

/** The training step of the table: `time(steps)` gives seconds. */
export async function trainingStep() {
  await init();
  const rng = new Rng(0);
  const model = new nn.DnCNN({ inChannels: 1, outChannels: 1, depth: 7, nf: 32, rng });
  const optimizer = new optim.Adam(model.parameters(), { lr: 2e-3 });
  const denoising = new physics.Denoising({ noiseModel: new physics.GaussianNoise({ sigma: 0.1 }) });
  const criterion = new loss.SupLoss();
  const x = rng.uniform([8, 1, 48, 48]);
  const y = denoising.forward(x, { rng });
  const step = () =>
    tidy(() => {
      const xNet = model.forward(y, denoising);
      const value = criterion.forward({ xNet, x }).mean();
      const gradients = grad(value, model.parameters());
      noGrad(() => optimizer.step(gradients));
      return value.detach();
    });
  return {
    async time(steps) {
      const started = performance.now();
      for (let i = 0; i < steps; i++) {
        const value = step();
        // Reading back makes sure that the work is done, on every device.
        if (i === steps - 1) await value.data();
        value.dispose();
      }
      return (performance.now() - started) / 1000;
    },
  };
}

/** Additions of one-element tensors a second. */
export async function operatorsPerSecond() {
  await init();
  const [a, b] = [ones([1]), ones([1])];
  const count = 20_000;
  const once = () => {
    const started = performance.now();
    for (let i = 0; i < count; i++) a.add(b).dispose();
    return count / ((performance.now() - started) / 1000);
  };
  once();
  return Math.max(once(), once(), once());
}
