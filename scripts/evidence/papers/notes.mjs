// What was found where a row of docs/evidence.md is below what its paper says, or below deepinv, by task.
export const notes = {
  "gaussian-correlated":
    "UNSURE learns covariances only where the noise has all frequencies. Noise that is twice the mean of white\n" +
    "noise over 2 x 2 pixels has none of the highest: with it the levels swung, and a level for each lag ended at\n" +
    "13.79 and 14.46 dB (two seeds, steps of 5e-4; 14.12 with 5e-5), one level at 14.20 and 14.38, where SURE that\n" +
    "is told the correlation had 21.97 and 20.79.",
  gamma:
    "The level of Score depends on what is drawn: with four other sequences of draws adjoint reached 20.84 to 22.37\n" +
    "dB with the first seed and 21.63 to 21.84 with the third, where this table counts 21.43 and 20.49, deepinv's\n" +
    "22.06 and 21.37.",
  inpainting:
    "With EI the level depends on the shifts that are drawn. With 1000 steps, the same images and weights, and the\n" +
    "shifts that deepinv drew from three seeds, adjoint reached 29.85, 29.71 and 29.76 dB where deepinv had 29.88,\n" +
    "29.70 and 29.72; with fourteen other sequences of uniform shifts 28.86 to 29.94, on average 29.44 (standard\n" +
    "deviation 0.30). A difference of less than 0.6 dB with one seed is the luck of the draws.",
  ct:
    "Here too the level depends on the angles that are drawn: with those that deepinv drew from two seeds adjoint\n" +
    "reached 31.79 and 31.36 dB, where deepinv had 31.74 and 31.53 (1000 steps); with seven other sequences of\n" +
    "uniform angles 31.28 to 31.75. Phantoms are constant in regions, as total variation assumes.",
  deblurring:
    "Consistency alone draws nothing at random: its differences are of rounding, which the inversion of a blur\n" +
    "amplifies step by step. From seed to seed its level differs by 4 dB.",
  uair: "With the operator of the measurement itself, a network that returns its input passes for a perfect one.",
};
