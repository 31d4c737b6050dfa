// The rows of the table of `npm run evidence -- papers`, as data.
import { stepsOf } from "./tasks.mjs";

/** The mean of a list of numbers. */
export const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;
const round = (value, digits) => Number(value.toFixed(digits));

/** The standard deviation of a sample of at least two numbers. */
const spread = (list) =>
  list.length < 2
    ? undefined
    : round(Math.sqrt(list.reduce((sum, v) => sum + (v - mean(list)) ** 2, 0) / (list.length - 1)), 3);

/** The means of the measures of a task, by name, for each library. */
function measuresOf({ measures = [] }, here, there) {
  if (measures.length === 0) return {};
  const means = (list) =>
    Object.fromEntries(measures.map((name) => [name, round(mean(list.map((each) => each.measures[name])), 3)]));
  return { measuresAdjoint: means(here), ...(there.length > 0 ? { measuresDeepinv: means(there) } : {}) };
}

/** The first seeds for which each row of a task is done, in each library that has begun it. */
function finished(task, { results, seeds, steps }) {
  const done = (seed) =>
    Object.entries(task.losses).every(([name, row]) =>
      ["adjoint", "deepinv"].every((library) => {
        const result = (of) => results.of(library, { task, name, row, seed: of, steps });
        return result(seed) || !seeds.some(result);
      }),
    );
  const end = seeds.findIndex((seed) => !done(seed));
  return end < 0 ? seeds : seeds.slice(0, end);
}

/**
 * One row for each loss of each task, over the seeds that are finished; levels in dB, times in seconds of processor
 * time for a training.
 */
export function rowsOf({ tasks, results, seeds: wanted, steps: usual }) {
  return tasks.flatMap((task) => {
    const steps = stepsOf(task, usual);
    const seeds = finished(task, { results, seeds: wanted, steps });
    const all = (library, name) => {
      const found = seeds.map((seed) => results.of(library, { task, name, row: task.losses[name], seed, steps }));
      return found.every(Boolean) ? found : [];
    };
    const average = (list, of, digits) => (list.length > 0 ? round(mean(list.map(of)), digits) : undefined);
    const psnr = ({ psnr: value }) => value;
    const level = (library, name) => average(all(library, name), psnr, 3);
    const supervised = level("adjoint", "supervised");
    const trained = Object.entries(task.losses).filter(([name]) => all("adjoint", name).length > 0);
    return trained.map(([name, { paper, only, there: instead, reference }]) => {
      const [here, there] = [all("adjoint", name), all("deepinv", name)];
      const adjoint = level("adjoint", name);
      const gap = reference || supervised === undefined ? undefined : round(supervised - adjoint, 3);
      const from = paper?.from === undefined ? undefined : level("adjoint", paper.from);
      const closed =
        from === undefined || gap === undefined ? undefined : round((adjoint - from) / (supervised - from), 3);
      const claim = paper?.closes === undefined ? gap <= paper?.within : closed >= paper.closes;
      const differences = there.length > 0 ? here.map((each, i) => each.psnr - there[i].psnr) : [];
      return {
        task: task.id,
        loss: name,
        seeds: seeds.length,
        steps,
        adjoint,
        deepinv: level("deepinv", name),
        supervised,
        supervisedDeepinv: level("deepinv", "supervised"),
        untrained: average(here, ({ start }) => start.psnr, 3),
        gap,
        closed,
        paper,
        reached: paper === undefined || gap === undefined ? undefined : claim,
        spread: spread(here.map(psnr)),
        spreadOfDifference: spread(differences),
        ssimAdjoint: average(here, ({ ssim }) => ssim, 4),
        ssimDeepinv: average(there, ({ ssim }) => ssim, 4),
        ...measuresOf(task, here, there),
        secondsAdjoint: average(here, ({ seconds }) => seconds, 4),
        secondsDeepinv: average(there, ({ seconds }) => seconds, 4),
        only,
        there: instead,
      };
    });
  });
}
