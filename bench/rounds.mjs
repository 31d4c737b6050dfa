// Interleaved rounds: each times a few steps of one side, then of the next.

/** Seconds that a side works in a round, at least. */
const LEAST = 0.2;

/**
 * Times one case on all sides, in turns; gives seconds a step, a list for each side.
 * Before, each side does the case once, and again until `warm` seconds have passed (at most ten times): what is
 * prepared and compiled is not timed. A round of a side is `steps` steps, and more where they are short: a training
 * runs in a loop, and the first steps after another program had the processor are slower, since that program's data are
 * in the caches and our threads asleep.
 */
export async function interleave(name, steps, sides, rounds, warm = LEAST) {
  const counts = [];
  for (const side of sides) {
    let last = 0;
    for (let spent = 0, i = 0; i === 0 || (spent < warm && i < 10); i++) spent += last = await side.time(name, steps);
    counts.push(Math.max(steps, Math.ceil((LEAST * steps) / last)));
  }
  const times = sides.map(() => []);
  for (let round = 0; round < rounds; round++) {
    // Every second round begins with the last side.
    const order = round % 2 ? [...sides.keys()].reverse() : [...sides.keys()];
    for (const k of order) times[k].push((await sides[k].time(name, counts[k])) / counts[k]);
  }
  return times;
}
