// What the data say against a result, for the tasks that `denoise.contradictions` does not know: sentences.

/** Root mean square of a function of the index over the indices that a condition selects. */
function rms(length, value, selects = () => true) {
  let [sum, count] = [0, 0];
  for (let i = 0; i < length; i++) {
    if (!selects(i)) continue;
    sum += value(i) ** 2;
    count += 1;
  }
  return Math.sqrt(sum / Math.max(1, count));
}

const notFinite = ({ data }) =>
  data.every(Number.isFinite) ? [] : ["the computation failed: some values are no numbers."];

/** Smallest and largest of values that a condition selects. */
function extent(data, selects) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < data.length; i++) {
    if (!selects(i)) continue;
    low = Math.min(low, data[i]);
    high = Math.max(high, data[i]);
  }
  return [low, high];
}

/**
 * Against filled-in pixels: measured pixels may change by their noise only, and what was filled in lies in the range of
 * what was measured.
 */
export function againstFilling(given, result, mask, level) {
  const plane = mask.length;
  const isMeasured = (i) => mask[i % plane] !== 0;
  const { length } = given.data;
  const changed = rms(length, (i) => result.data[i] - given.data[i], isMeasured);
  const [low, high] = extent(given.data, isMeasured);
  const beyond = rms(
    length,
    (i) => Math.max(0, low - result.data[i], result.data[i] - high),
    (i) => !isMeasured(i),
  );
  return [
    ...notFinite(result),
    ...(changed > 2 * level + 0.01 ? ["pixels that were there were changed by more than their noise."] : []),
    ...(beyond > 0.05 * (high - low) ? ["pixels that were filled in are darker or brighter than all others."] : []),
  ];
}

/**
 * Against a sharpened picture: blurred again it is the given one up to its noise, and it is not far out of the range of
 * the given one.
 *
 * @param again The result, blurred again, on the part of the picture that it covers exactly.
 * @param part The given picture on that part.
 */
export function againstSharpening(given, result, again, part, level) {
  const difference = rms(part.data.length, (i) => again.data[i] - part.data[i]);
  const [low, high] = extent(given.data, () => true);
  const beyond = rms(result.data.length, (i) => Math.max(0, low - result.data[i], result.data[i] - high));
  return [
    ...notFinite(result),
    ...(difference > 2 * level + 0.01 ? ["blurred again, the result is not the given picture."] : []),
    ...(beyond > 0.1 * (high - low) ? ["the result has rings that are far darker or brighter than the picture."] : []),
  ];
}

/**
 * Against a level of the noise: an estimate of the mean squared error cannot be negative. `losses` are the last values
 * of a loss that estimates it, each with a random error.
 */
export function againstRisk(losses, level) {
  const mean = losses.reduce((sum, value) => sum + value, 0) / Math.max(1, losses.length);
  return mean < -0.25 * level ** 2
    ? ["the network's own estimate of its error is negative: the level of the noise cannot be right."]
    : [];
}

/**
 * Against a level that was learned along with the network: on one picture it ends above the noise where the network's
 * error is not far below it, and the network then takes detail for noise.
 */
export function againstLearnedLevel(learned, estimated) {
  if (learned <= 1.2 * estimated) return [];
  const percent = (level) => `${Number((100 * level).toPrecision(2))} %`;
  return [`the learned level, ${percent(learned)}, is above the ${percent(estimated)} that the picture shows.`];
}
