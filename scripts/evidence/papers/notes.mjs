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
  "ct-paper":
    "Below supervised by 3.90, 1.44 and 1.60 dB with the three seeds. After the first two seeds had been seen\n" +
    "once, the network was made to set to 0 what no ray crosses: nothing in EI holds these pixels, and the biases\n" +
    "of the denoiser went there, which had cost 1.1 and 3.9 dB (0.1 dB with 15 angles and no unrolled network);\n" +
    "half as many steps were then tried with the first seed (39.16 / 34.75). The rest was found with images,\n" +
    "noise and weights of a further seed, 600 steps where nothing else is said, supervised / EI. Corrected\n" +
    "filtered back-projection, 64 phantoms, rotations, 1000 steps: 37.72 / 34.45. The unrolled network, 90\n" +
    "phantoms: 39.39 / 36.69; without the gradient of the target 37.13; its angles a quarter of a gap from 0, so\n" +
    "that rotations by 90 degrees and reflections see 76 evenly spaced ones: 39.47 / 38.06, which is the setting\n" +
    "of the table. What did not help: rotations by any angle, which must interpolate (bilinear 34.73, nearest\n" +
    "33.19; the paper has 128 x 128 pixels); a weight of 1000 for measurement consistency (34.13) or for the step\n" +
    "of data consistency (31.06, rotations alone), 300 with reflections (39.64 / 37.96); two iterations (36.92).",
  "mri-paper":
    "Masks hide columns. A split by points (SSDU, with a Gaussian density) leaves parts of nearly all sampled\n" +
    "columns in the input, and the network is never asked for a whole one; a split that hides columns asks for\n" +
    "what the mask hides (Millard and Chiew 2023, arXiv:2205.10278), here each in proportion to how often it is\n" +
    "not measured. Found with images, noise and weights of two further seeds, supervised / splitting. 1000 scans,\n" +
    "2000 steps: 31.00 / 29.98, where the hidden columns are uniformly drawn 29.35 (with the first two seeds of\n" +
    "the table 28.70 and 28.63). 300 scans, 2500 steps, uniformly drawn columns: 30.94 and the share of the input\n" +
    "0.8: 30.11, 0.65: 29.18, 0.91: 29.87. Points, likewise: 29.63; 5000 steps 31.58 / 29.95; five iterations,\n" +
    "1250 steps, 31.68 / 29.73; instead of squared errors half absolute and half squared ones 29.26, absolute\n" +
    "ones 29.48; a centre of 12 x 12 that is not split 29.00. With 64 scans, 29.39 and the share 0.9: 27.77,\n" +
    "0.95: 27.09; after 1000 steps, 28.33 and 0.6: 25.04, 0.8: 26.58, 0.9: 26.68. Four coils of a simulated\n" +
    "birdcage, one column in four, points, 64 scans, 400 steps: 28.02 and 0.8: 26.33, 0.6: 25.36; eight coils,\n" +
    "300 scans, 300 steps: 28.58 / 26.68.",
  deblurring:
    "Consistency alone draws nothing at random: its differences are of rounding, which the inversion of a blur\n" +
    "amplifies step by step. From seed to seed its level differs by 4 dB.",
  uair: "With the operator of the measurement itself, a network that returns its input passes for a perfect one.",
};
