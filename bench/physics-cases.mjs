// Timed cases of operators of physics, of metrics and of noise: the squared norm of a measurement and its gradient,
// unless the label says otherwise.
import { grad, metric, nn, noGrad, ones, physics, Rng, tensor, transform } from "../dist/index.js";
import { noise, sigma, squared } from "./steps.mjs";
import { fourier, squaredLinear, work } from "./work.mjs";

const PIXELS = 256 * 256;
const ENTRIES = 4 * 3 * PIXELS;

/** Noise on ENTRIES, whose random numbers are not counted. */
const noisy = (label, steps, model) => ({ label, steps, work: work(2 * ENTRIES), make: () => noise(model()) });

/** The cases by name, as those of cases.mjs. */
export const physicsCases = {
  blur: {
    label: "squared error of an FFT blur and its gradient, 4 of 3x256x256",
    steps: 2,
    // Each way two real transforms, half the work of complex ones, and a product of half spectra.
    work: squaredLinear(ENTRIES, ENTRIES, fourier(PIXELS, 12) + 3 * ENTRIES),
    make(small) {
      const rng = new Rng(0);
      const side = small ? 32 : 256;
      const operator = new physics.BlurFFT({ imgSize: [3, side, side], filter: ones([1, 1, 9, 9]).mul(1 / 81) });
      const x = rng.uniform([4, 3, side, side]).requiresGrad_();
      const y = noGrad(() => operator.A(x));
      return () => grad(operator.A(x).sub(y.mul(0.5)).square().sum(), [x])[0];
    },
  },
  mri: {
    label: "squared norm of a single-coil MRI measurement and its gradient, 4 of 2x320x320",
    steps: 4,
    work: squaredLinear(8 * 320 ** 2, 8 * 320 ** 2, fourier(320 ** 2, 4) + 8 * 320 ** 2, 2 * 320 ** 2),
    make(small) {
      const rng = new Rng(0);
      const side = small ? 32 : 320;
      const operator = new physics.MRI({ imgSize: [2, side, side], mask: rng.bernoulli([1, 2, side, side], 0.3) });
      return squared((x) => operator.A(x), rng.uniform([4, 2, side, side]));
    },
  },
  tomography: {
    label: "squared norm of a sinogram of 180 angles and its gradient, 1x256x256",
    steps: 2,
    // Each angle samples the image once a pixel, from four neighbours.
    work: squaredLinear(PIXELS, 180 * 363, 180 * PIXELS * 8),
    make(small) {
      const side = small ? 24 : 256;
      const operator = new physics.Tomography({ angles: 180, imgWidth: side, normalize: false });
      return squared((x) => operator.A(x), new Rng(0).uniform([1, 1, side, side]));
    },
  },
  gridSample: {
    label: "squared norm of images rotated by 20 degrees (bilinear) and its gradient, 4 of 3x256x256",
    steps: 2,
    work: squaredLinear(ENTRIES, ENTRIES, 8 * ENTRIES, 2 * PIXELS),
    make() {
      const [cos, sin] = [Math.cos(Math.PI / 9), Math.sin(Math.PI / 9)];
      const coordinate = (i) => (2 * i + 1) / 256 - 1;
      const points = Float32Array.from({ length: 256 * 256 * 2 }, (_, i) => {
        const [row, column] = [coordinate(Math.floor(i / 512)), coordinate(Math.floor(i / 2) % 256)];
        return i % 2 === 0 ? cos * column - sin * row : sin * column + cos * row;
      });
      const grid = tensor(points, { shape: [1, 256, 256, 2] }).expand([4, 256, 256, 2]);
      return squared((x) => nn.functional.gridSample(x, grid), new Rng(0).uniform([4, 3, 256, 256]));
    },
  },
  resize: {
    label: "squared norm of images upsampled by 2 (bicubic) and its gradient, 4 of 3x128x128",
    steps: 4,
    // Four taps along one axis, then along the other.
    work: squaredLinear(ENTRIES / 4, ENTRIES, 8 * (ENTRIES / 2 + ENTRIES)),
    make: () =>
      squared(
        (x) => nn.functional.interpolate(x, { scaleFactor: 2, mode: "bicubic" }),
        new Rng(0).uniform([4, 3, 128, 128]),
      ),
  },
  convolution: {
    label: "squared norm of images blurred by a 9x9 filter (circular, not by FFT) and its gradient, 4 of 3x256x256",
    steps: 4,
    work: squaredLinear(ENTRIES, ENTRIES, 2 * 81 * ENTRIES),
    make() {
      const rng = new Rng(0);
      const operator = new physics.Blur({ filter: rng.uniform([1, 1, 9, 9]).mul(1 / 40), padding: "circular" });
      return squared((x) => operator.A(x), rng.uniform([4, 3, 256, 256]));
    },
  },
  downsampling: {
    label: "squared norm of images downsampled by 2 (Gaussian filter) and its gradient, 4 of 3x256x256",
    steps: 4,
    work: squaredLinear(ENTRIES, ENTRIES / 4, 2 * 15 ** 2 * (ENTRIES / 4)),
    make() {
      const operator = new physics.Downsampling({ imgSize: [3, 256, 256], factor: 2, filter: "gaussian" });
      return squared((x) => operator.A(x), new Rng(0).uniform([4, 3, 256, 256]));
    },
  },
  ssim: {
    label: "SSIM and its gradient, 4 of 3x256x256",
    steps: 1,
    // Gaussian windows of 11 taps along each axis: of x, y, x^2, y^2 and x y, and three for the gradient.
    work: work(3 * ENTRIES, 8 * 2 * 22 * ENTRIES),
    make() {
      const rng = new Rng(0);
      const [criterion, x, y] = [
        new metric.SSIM(),
        rng.uniform([4, 3, 256, 256]).requiresGrad_(),
        rng.uniform([4, 3, 256, 256]),
      ];
      return () => grad(criterion.forward(x, y).sum(), [x])[0];
    },
  },
  rotate: {
    label: "images rotated by random angles (nearest), 4 of 3x256x256",
    steps: 10,
    work: work(2 * ENTRIES),
    make() {
      const rng = new Rng(0);
      const [rotate, x] = [new transform.Rotate({ nTrans: 1 }), rng.uniform([4, 3, 256, 256])];
      // An angle of 0 returns the images themselves, which must not be disposed.
      return () => noGrad(() => rotate.forward(x, { rng }).clone());
    },
  },
  gaussian: noisy("Gaussian noise, 4 of 3x256x256", 10, () => new physics.GaussianNoise({ sigma })),
  poisson: noisy("Poisson noise, 4 of 3x256x256", 1, () => new physics.PoissonNoise({ gain: 0.05 })),
};
