/**
 * Kinds of noise: what they are, the meaning of the level, its initial value (smaller where the task is another than
 * denoising: strong noise hides what a blur or a hole has left), its range, the noise model as in a configuration, the
 * option of `denoise.knownNoise`, and the variance of the noise at medium grey.
 */
export const noises = {
  gaussian: {
    label: "Gaussian",
    description: "Grain of equal strength everywhere, as from electronics.",
    level: "Standard deviation, where white is 1.",
    initial: 0.1,
    initialOther: 0.02,
    min: 0.005,
    max: 0.5,
    make: (level) => ({ name: "GaussianNoise", sigma: level }),
    known: (level) => ({ sigma: level }),
    variance: (level) => level ** 2,
    text: (level) => `${Number((100 * level).toPrecision(2))} %`,
  },
  poisson: {
    label: "Poisson",
    description: "Photon noise, stronger where the picture is bright.",
    level: "Gain: brightness of one photon, where white is 1.",
    initial: 0.05,
    initialOther: 0.002,
    min: 0.0002,
    max: 0.5,
    make: (level) => ({ name: "PoissonNoise", gain: level }),
    known: (level) => ({ gain: level }),
    variance: (level) => level / 2,
    text: (level) => String(Number(level.toPrecision(2))),
  },
  gamma: {
    label: "Gamma",
    description: "Speckle, as in radar and ultrasound: it grows with the brightness.",
    level: "Number of looks: more looks mean less noise.",
    initial: 15,
    initialOther: 400,
    min: 2,
    max: 5000,
    make: (level) => ({ name: "GammaNoise", l: level }),
    known: (level) => ({ looks: level }),
    variance: (level) => 1 / (4 * level),
    text: (level) => String(Number(level.toPrecision(2))),
  },
};

/** The kind of a choice; where it is found in the picture, Gaussian until then. */
export const kindOf = (noise) => (noise in noises ? noise : "gaussian");

/** A level from a place on the slider, 0 to 100, and back: equal steps are equal factors. */
export const levelAt = ({ min, max }, place) => Number((min * (max / min) ** (place / 100)).toPrecision(2));
export const placeOf = ({ min, max }, level) => Math.round((100 * Math.log(level / min)) / Math.log(max / min));
