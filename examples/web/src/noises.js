/**
 * Kinds of noise: the meaning of the level, its initial value (smaller for blurred images: strong noise hides what a
 * blur has left), its range, the noise model as in a configuration, and the variance of the noise at medium grey.
 */
export const noises = {
  gaussian: {
    label: "Gaussian",
    description: "Grain of equal strength everywhere, as from electronics.",
    level: "Standard deviation, where white is 1.",
    initial: 0.1,
    initialWithBlur: 0.02,
    min: 0.005,
    max: 0.5,
    make: (level) => ({ name: "GaussianNoise", sigma: level }),
    variance: (level) => level ** 2,
  },
  poisson: {
    label: "Poisson",
    description: "Photon noise, stronger where the picture is bright.",
    level: "Gain: brightness of one photon, where white is 1.",
    initial: 0.05,
    initialWithBlur: 0.002,
    min: 0.0002,
    max: 0.5,
    make: (level) => ({ name: "PoissonNoise", gain: level }),
    variance: (level) => level / 2,
  },
  gamma: {
    label: "Gamma",
    description: "Speckle, as in radar and ultrasound: it grows with the brightness.",
    level: "Number of looks: more looks mean less noise.",
    initial: 15,
    initialWithBlur: 400,
    min: 2,
    max: 5000,
    make: (level) => ({ name: "GammaNoise", l: level }),
    variance: (level) => 1 / (4 * level),
  },
};
