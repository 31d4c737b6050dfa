// What was found where a row of docs/evidence.md is below what its paper says, or below deepinv, by task.
export const notes = {
  inpainting:
    "With EI the level depends on the shifts that are drawn. With 1000 steps, the same images and weights, and the\n" +
    "shifts that deepinv drew from three seeds, adjoint reached 29.85, 29.71 and 29.76 dB where deepinv had 29.88, 29.70\n" +
    "and 29.72; with nine other sequences of uniform shifts 29.17 to 29.94, on average 29.49 (standard deviation 0.24).\n" +
    "A difference of less than 0.5 dB with one seed is the luck of the draws.",
  ct:
    "Here too the level depends on the angles that are drawn: with those that deepinv drew adjoint reached 31.79 dB, where\n" +
    "deepinv had 31.74 (1000 steps); with seven other sequences of uniform angles 31.28 to 31.75.",
};
