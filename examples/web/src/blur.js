// Kinds of blur, and their filters.
import { physics, tensor } from "adjoint";

/**
 * Kinds of blur: the meaning of the size, its initial value and range, the filter as in a configuration of `adjoint
 * train`, and whether it is isotropic.
 */
export const blurs = {
  gaussian: {
    label: "Gaussian",
    description: "Soft in all directions, as from a lens or from the air.",
    size: "Standard deviation, in pixels.",
    initial: 1.5,
    min: 0.5,
    max: 4,
    isotropic: true,
    make: ({ size }) => ({ name: "gaussian", sigma: size, size: [gaussianSide(size), gaussianSide(size)] }),
  },
  motion: {
    label: "Motion",
    description: "The camera or the scene moved along a straight line.",
    size: "Length of the movement, in pixels.",
    initial: 9,
    min: 2,
    max: 25,
    isotropic: false,
    make: ({ size, angle }) => line(size, angle),
  },
  disk: {
    label: "Out of focus",
    description: "Each point has become a disk.",
    size: "Radius of the disk, in pixels.",
    initial: 2.5,
    min: 1,
    max: 10,
    isotropic: true,
    make: ({ size }) => disk(size),
  },
};

/** Side of a Gaussian filter, cut off at two and a half standard deviations. */
function gaussianSide(sigma) {
  return 2 * Math.ceil(2.5 * sigma) + 1;
}

/** Half-width of a filter, in pixels: its largest offset from the centre. */
export function halfWidth(filter) {
  return ((Array.isArray(filter) ? filter[0][0].length : filter.size[0]) - 1) / 2;
}

/** A filter as a tensor `[1, 1, n, n]`. */
export function makeFilter(filter) {
  return Array.isArray(filter) ? tensor(filter) : physics.gaussianBlur({ sigma: filter.sigma, size: filter.size });
}

/**
 * A line segment through the centre, `angle` degrees anticlockwise from the horizontal; each of its points is
 * distributed bilinearly over the four nearest pixels.
 */
function line(length, angle) {
  const points = 400;
  const radians = (angle * Math.PI) / 180;
  return filterOf(Math.ceil((length - 1) / 2) + 1, (add) => {
    for (let k = 0; k < points; k++) {
      const t = ((k + 0.5) / points - 0.5) * (length - 1);
      const [y, x] = [-t * Math.sin(radians), t * Math.cos(radians)];
      const [i, j] = [Math.floor(y), Math.floor(x)];
      const [a, b] = [y - i, x - j];
      add(i, j, (1 - a) * (1 - b));
      add(i, j + 1, (1 - a) * b);
      add(i + 1, j, a * (1 - b));
      add(i + 1, j + 1, a * b);
    }
  });
}

/** A disk; a pixel at its edge counts with the covered share of its area. */
function disk(radius) {
  const samples = 8;
  const half = Math.ceil(radius - 0.5);
  return filterOf(half, (add) => {
    for (let i = -half; i <= half; i += 1) {
      for (let j = -half; j <= half; j += 1) {
        for (let k = 0; k < samples * samples; k++) {
          const [y, x] = [
            i + (Math.floor(k / samples) + 0.5) / samples - 0.5,
            j + ((k % samples) + 0.5) / samples - 0.5,
          ];
          if (Math.hypot(y, x) <= radius) add(i, j, 1);
        }
      }
    }
  });
}

/**
 * A filter with sum 1 as nested lists `[1, 1, n, n]`. `fill(add)` calls `add(row, column, weight)` with offsets from
 * the centre of at most `maxOffset`; zeros around the filter are cropped.
 */
function filterOf(maxOffset, fill) {
  const weights = new Map();
  fill((i, j, weight) => weight > 1e-9 && weights.set(`${i} ${j}`, (weights.get(`${i} ${j}`) ?? 0) + weight));
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  const offsets = [...weights.keys()].flatMap((key) => key.split(" ").map((part) => Math.abs(Number(part))));
  const half = Math.min(maxOffset, Math.max(...offsets));
  const range = Array.from({ length: 2 * half + 1 }, (_, k) => k - half);
  return [[range.map((i) => range.map((j) => Number(((weights.get(`${i} ${j}`) ?? 0) / total).toFixed(6))))]];
}
