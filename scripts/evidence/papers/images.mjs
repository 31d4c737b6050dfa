// Ground truth and measurements of a task, the same for both libraries.
import { cat, physics, Rng } from "adjoint";
import { complexPhantom, crops, phantom, photographs } from "../../../examples/shared/index.mjs";
import { operatorOf } from "./objects.mjs";

const TESTS = 8;

/** Ground truth to learn from and to test on, `[N, C, H, W]`. */
async function images({ kind, size, count, tests = TESTS }, rng) {
  if (kind === "photographs") {
    const { training, test } = await photographs();
    return { x: await crops(training, { size, count, rng }), test: await crops(test, { size, count: tests, rng }) };
  }
  const draw = kind === "scans" ? complexPhantom : phantom;
  const drawn = (number) => Array.from({ length: number }, () => draw(rng, size));
  return { x: cat(drawn(count), 0), test: cat(drawn(tests), 0) };
}

/** White noise with a share of that of the pixel above, the sum with this share of that to the left. */
function correlated(shape, { sigma, share }, rng) {
  const white = rng.normal([...shape]);
  const rows = white.add(white.roll(1, 2).mul(share));
  return rows.add(rows.roll(1, 3).mul(share)).mul(sigma / (1 + share ** 2));
}

/**
 * The tensors of a task: `x` and `y` to learn from, `testX` and `testY`; the mask of all measurements as `mask`, or the
 * masks of each as `mask` and `testMask`. Each image is measured once.
 */
export async function measurements(task, seed) {
  const rng = new Rng(seed);
  const { x, test } = await images(task.images, rng);
  const tensors = { x, testX: test };
  if (task.images.mask) {
    const [, ...shape] = x.shape;
    tensors.mask = rng.uniform(shape).lt(task.images.mask);
  }
  if (task.images.masks) {
    const drawn = ({ shape }) => rng.uniform([...shape]).lt(task.images.masks);
    tensors.mask = drawn(x);
    tensors.testMask = drawn(test);
  }
  if (task.images.acceleration) {
    const { imgSize } = task.physics;
    const masks = new physics.GaussianMaskGenerator({ imgSize, acceleration: task.images.acceleration });
    const { oneMask } = task.images;
    tensors.mask = masks.step(oneMask ? 1 : x.shape[0], { rng }).mask;
    if (!oneMask) tensors.testMask = masks.step(test.shape[0], { rng }).mask;
  }
  if (task.images.blur) tensors.filter = physics.gaussianBlur({ sigma: task.images.blur });
  const operator = operatorOf(task, tensors);
  const perSample = (mask) => (task.perSample ? { mask } : {});
  if (task.images.correlated) {
    const noisy = (t) => t.add(correlated(t.shape, task.images.correlated, rng));
    return { ...tensors, y: noisy(x), testY: noisy(test) };
  }
  tensors.y = operator.forward(x, { ...perSample(tensors.mask), rng });
  tensors.testY = operator.forward(test, { ...perSample(tensors.testMask), rng });
  return tensors;
}
