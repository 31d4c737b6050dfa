// Noise of all kinds and levels, and the level of each pixel as it is known when an image is denoised.

/** A level from 0.003 to 0.37, small ones more often. */
const level = (random) => 0.003 + 0.367 * random.uniform() ** 2;

/** Noisy values of a clean patch `[channels, size, size]`, and the noise level of each of them. */
export function addNoise(clean, size, channels, random) {
  const kind = random.uniform();
  const noisy =
    kind < 0.6 ? gaussian(clean, size, random) : kind < 0.85 ? poisson(clean, random) : gamma(clean, random);
  const y = noisy.values;
  // As in files: the noise is cut off at both ends of the range, and values are rounded.
  if (random.uniform() < 0.5)
    for (let i = 0; i < y.length; i++) y[i] = Math.round(Math.min(1, Math.max(0, y[i])) * 255) / 255;
  if (noisy.constant !== undefined) return { y, levels: levelsOf(noisy.constant, size, channels) };
  // The levels follow from the clean values, of which one knows a smoothed or a denoised copy.
  const known = random.uniform() < 0.5 ? smooth(y, size, channels) : clean;
  const levels = Float32Array.from(known, (x) => Math.max(1e-3, noisy.level(Math.max(0, x))));
  return { y, levels };
}

function gaussian(clean, size, random) {
  const s = level(random);
  const different = clean.length > size * size && random.uniform() < 0.3;
  const constant = [0, 1, 2].map(() => (different ? s * Math.exp(0.35 * random.normal()) : s));
  const plane = size * size;
  const values = Float32Array.from(clean, (x, i) => x + constant[Math.floor(i / plane)] * random.normal());
  return { values, constant };
}

/** Counts of a gain and read noise: variance `gain x + sigma^2`. */
function poisson(clean, random) {
  const s = level(random);
  const gain = s * s * (1 + random.uniform());
  const sigma = random.uniform() < 0.5 ? 0 : level(random) * 0.4;
  const values = Float32Array.from(clean, (x) => gain * random.poisson(x / gain) + sigma * random.normal());
  return { values, level: (x) => Math.sqrt(gain * x + sigma * sigma) };
}

/** A factor of mean 1 and variance 1 / looks. */
function gamma(clean, random) {
  const looks = Math.exp(Math.log(4) + random.uniform() * Math.log(60));
  const values = Float32Array.from(clean, (x) => (x * random.gamma(looks)) / looks);
  return { values, level: (x) => x / Math.sqrt(looks) };
}

function levelsOf(constant, size, channels) {
  const levels = new Float32Array(channels * size * size);
  for (let c = 0; c < channels; c++) levels.fill(constant[c], c * size * size, (c + 1) * size * size);
  return levels;
}

/** Means over squares of 7 pixels, smaller ones at the border. */
export function smooth(values, size, channels, radius = 3) {
  const rows = new Float32Array(values.length);
  const result = new Float32Array(values.length);
  for (let r = 0; r < channels * size; r++) slide(values, rows, r * size, 1, size, radius);
  for (let c = 0; c < channels; c++)
    for (let j = 0; j < size; j++) slide(rows, result, c * size * size + j, size, size, radius);
  return result;
}

/** Running means of one line of an image. */
function slide(from, to, start, step, length, radius) {
  let [sum, count] = [0, 0];
  for (let i = 0; i < Math.min(radius, length); i++) [sum, count] = [sum + from[start + i * step], count + 1];
  for (let i = 0; i < length; i++) {
    if (i + radius < length) [sum, count] = [sum + from[start + (i + radius) * step], count + 1];
    if (i - radius - 1 >= 0) [sum, count] = [sum - from[start + (i - radius - 1) * step], count - 1];
    to[start + i * step] = sum / count;
  }
}
