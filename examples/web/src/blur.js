// Kinds of blur, and their filters.
import { physics, tensor } from "adjoint";

/**
 * Kinds of blur: what its size means, its filter as a configuration of `adjoint train` names it, and whether it looks
 * the same from each side.
 */
export const blurs = {
  gaussian: {
    label: "Gaussian",
    what: "Soft in all directions, as of a lens or of the air.",
    size: "Standard deviation, in pixels.",
    start: 1.5,
    least: 0.5,
    most: 4,
    round: true,
    make: ({ size }) => ({ name: "gaussian", sigma: size, size: [gaussianSide(size), gaussianSide(size)] }),
  },
  motion: {
    label: "Motion",
    what: "The camera or the scene moved along a straight line.",
    size: "Length of the movement, in pixels.",
    start: 9,
    least: 2,
    most: 25,
    round: false,
    make: ({ size, angle }) => line(size, angle),
  },
  disk: {
    label: "Out of focus",
    what: "Each point has become a disk.",
    size: "Radius of the disk, in pixels.",
    start: 2.5,
    least: 1,
    most: 10,
    round: true,
    make: ({ size }) => disk(size),
  },
};

/** What is beyond two and a half standard deviations is little. */
function gaussianSide(sigma) {
  return 2 * Math.ceil(2.5 * sigma) + 1;
}

/** How far a filter reaches from its middle, in pixels. */
export function reach(filter) {
  return ((Array.isArray(filter) ? filter[0][0].length : filter.size[0]) - 1) / 2;
}

/** A filter as a tensor [1, 1, n, n]. */
export function makeFilter(filter) {
  return Array.isArray(filter) ? tensor(filter) : physics.gaussianBlur({ sigma: filter.sigma, size: filter.size });
}

/**
 * A straight line through the middle, `angle` degrees anticlockwise from the horizontal; points between pixels are
 * shared out bilinearly.
 */
function line(length, angle) {
  const points = 400;
  const turn = (angle * Math.PI) / 180;
  return filterOf(Math.ceil((length - 1) / 2) + 1, (add) => {
    for (let k = 0; k < points; k++) {
      const at = ((k + 0.5) / points - 0.5) * (length - 1);
      const [y, x] = [-at * Math.sin(turn), at * Math.cos(turn)];
      const [i, j] = [Math.floor(y), Math.floor(x)];
      const [a, b] = [y - i, x - j];
      add(i, j, (1 - a) * (1 - b));
      add(i, j + 1, (1 - a) * b);
      add(i + 1, j, a * (1 - b));
      add(i + 1, j + 1, a * b);
    }
  });
}

/** A disk; pixels on its rim by the share that lies within. */
function disk(radius) {
  const parts = 8;
  const far = Math.ceil(radius - 0.5);
  return filterOf(far, (add) => {
    for (let i = -far; i <= far; i += 1) {
      for (let j = -far; j <= far; j += 1) {
        for (let k = 0; k < parts * parts; k++) {
          const [y, x] = [i + (Math.floor(k / parts) + 0.5) / parts - 0.5, j + ((k % parts) + 0.5) / parts - 0.5];
          if (Math.hypot(y, x) <= radius) add(i, j, 1);
        }
      }
    }
  });
}

/**
 * A filter of sum 1 as nested lists [1, 1, n, n], filled by `fill(add)` with `add(row, column, weight)` about the
 * middle; rows of zeros around it are left out.
 */
function filterOf(far, fill) {
  const weights = new Map();
  fill((i, j, weight) => weight > 1e-9 && weights.set(`${i} ${j}`, (weights.get(`${i} ${j}`) ?? 0) + weight));
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  const used = Math.max(...[...weights.keys()].flatMap((at) => at.split(" ").map((part) => Math.abs(Number(part)))));
  const range = Array.from({ length: 2 * Math.min(far, used) + 1 }, (_, k) => k - Math.min(far, used));
  return [[range.map((i) => range.map((j) => Number(((weights.get(`${i} ${j}`) ?? 0) / total).toFixed(6))))]];
}
