// Interleaved rounds: each times a few steps of one side, then of the next.

/**
 * Times one case on all sides, in turns; gives seconds a step, a list for each side.
 * Before, each side does the case once, and again until `warm` seconds have passed (at most ten times): what is prepared and compiled is not timed.
 */
export async function interleave(name, steps, sides, rounds, warm = 0) {
  for (const side of sides) for (let spent = 0, i = 0; i === 0 || (spent < warm && i < 10); i++) spent += await side.time(name, steps);
  const times = sides.map(() => []);
  for (let round = 0; round < rounds; round++) {
    // Every second round begins with the last side.
    const order = round % 2 ? [...sides.keys()].reverse() : [...sides.keys()];
    for (const k of order) times[k].push((await sides[k].time(name, steps)) / steps);
  }
  return times;
}
