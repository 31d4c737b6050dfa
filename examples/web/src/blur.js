// Kinds of blur, and their filters.
import { physics } from "adjoint";

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
    // Cut off at two and a half standard deviations.
    make: ({ size }) => ({ name: "gaussian", sigma: size, size: square(Math.ceil(2.5 * size)) }),
  },
  motion: {
    label: "Motion",
    description: "The camera or the scene moved along a straight line.",
    size: "Length of the movement, in pixels.",
    initial: 9,
    min: 2,
    max: 25,
    isotropic: false,
    make: ({ size, angle }) => ({ name: "motion", length: size, angle, size: square(Math.ceil(size / 2)) }),
  },
  disk: {
    label: "Out of focus",
    description: "Each point has become a disk.",
    size: "Radius of the disk, in pixels.",
    initial: 2.5,
    min: 1,
    max: 10,
    isotropic: true,
    make: ({ size }) => ({ name: "disk", radius: size, size: square(Math.ceil(size)) }),
  },
};

/** The sides of a filter whose largest offset from the centre is `half`. */
function square(half) {
  return [2 * half + 1, 2 * half + 1];
}

/** Half-width of a filter, in pixels: its largest offset from the centre. */
export function halfWidth({ size }) {
  return (size[0] - 1) / 2;
}

const makers = { gaussian: physics.gaussianBlur, motion: physics.motionBlur, disk: physics.diskBlur };

/** A filter as a tensor `[1, 1, n, n]`. */
export function makeFilter({ name, ...options }) {
  return makers[name](options);
}
