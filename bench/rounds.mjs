// Interleaved rounds: each times some steps of every side in turn.

/** Least seconds of a side in a round. */
const MIN_SECONDS = 0.2;

/**
 * Times one case on all sides, interleaved. Returns seconds per step, a list for each side.
 *
 * First each side runs the case once, and again until `warm` seconds have passed (at most ten times), so that
 * preparation and compilation are not timed. A round of a side is `steps` steps, or more if they are short: a training
 * runs in a loop, and the first steps after another process are slower, with cold caches and sleeping threads.
 */
export async function interleave(name, steps, sides, rounds, warm = MIN_SECONDS) {
  const counts = [];
  for (const side of sides) {
    let last = 0;
    for (let spent = 0, i = 0; i === 0 || (spent < warm && i < 10); i++) spent += last = await side.time(name, steps);
    counts.push(Math.max(steps, Math.ceil((MIN_SECONDS * steps) / last)));
  }
  const times = sides.map(() => []);
  for (let round = 0; round < rounds; round++) {
    // The order alternates.
    const order = round % 2 ? [...sides.keys()].reverse() : [...sides.keys()];
    for (const k of order) times[k].push((await sides[k].time(name, counts[k])) / counts[k]);
  }
  return times;
}
