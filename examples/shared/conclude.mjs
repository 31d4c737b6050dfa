import { join } from "node:path";
import { io, train } from "adjoint";
import { figuresOf, joined } from "./figures.mjs";
import { aligned, elapsed, tableOf } from "./text.mjs";

const MAX_ROWS = 3;

/**
 * Prints the results of an example and writes before-after.png, report.html and results.json to its folder.
 *
 * `results` come from `evaluateModel`, the first being the input of the networks; `names` are those of the test
 * images; `facts` are sentences to print, `numbers` go to results.json; `trainers` (label to Trainer) give the loss
 * curves; `show` makes a displayable image from a reconstruction.
 */
export async function conclude(
  run,
  { title, names, results, facts = [], numbers = {}, trainers = {}, settings = {}, show = (image) => image },
) {
  const seconds = (performance.now() - run.started) / 1000;
  const metrics = Object.fromEntries(
    Object.keys(results[0].values).map((name) => [
      name,
      Object.fromEntries(results.map(({ label, values }) => [label, values[name]])),
    ]),
  );
  const tables = Object.entries(metrics).map(([name, rows]) => tableOf(name, names, rows));
  const figures = await figuresOf(names.slice(0, MAX_ROWS), results, show);
  const imageFile = join(run.out, "before-after.png");
  await io.writeFileAtomic(imageFile, await io.encodePng(comparison(figures)));
  const reportFile = join(run.out, "report.html");
  await train.writeReport(reportFile, {
    title,
    intro: [run.about, ...facts].join(" "),
    tables,
    figures: figures.map(({ name, cells }) => ({ caption: `${name} (not trained on)`, images: cells })),
    charts: [lossChart(trainers)],
    details: { ...settings, steps: run.steps, seed: run.seed, device: run.device, time: elapsed(seconds) },
  });
  const summary = {
    example: run.name,
    steps: run.steps,
    seed: run.seed,
    seconds: Math.round(seconds),
    names,
    metrics,
    ...numbers,
  };
  await io.writeFileAtomic(join(run.out, "results.json"), `${JSON.stringify(summary, null, 2)}\n`);

  if (run.json) return void console.log(JSON.stringify({ ...summary, folder: run.out }));
  const order = [...results.map(({ label }) => label), "ground truth"].join(", ");
  const text = [
    ...tables.map(({ caption, columns, rows }) => `${caption}\n${aligned([columns, ...rows])}`),
    ...(facts.length > 0 ? [facts.join("\n")] : []),
    `${run.steps} steps each, ${elapsed(seconds)} in all, seed ${run.seed}.\n` +
      `${imageFile}, from left to right: ${order}. Open ${reportFile}`,
  ];
  console.log(`\n${text.join("\n\n")}`);
}

/** All figures in one image: one row per test image. */
function comparison(figures) {
  const rows = figures.map(({ cells }) =>
    joined(
      cells.map(({ image }) => image),
      3,
    ),
  );
  return joined(rows, 2);
}

/** The loss of each training. Losses of different kinds differ by constants: only the shape of the curves compares. */
function lossChart(trainers) {
  const series = Object.entries(trainers).map(([label, { history }]) => ({
    label,
    points: history.filter(({ loss }) => loss !== undefined).map(({ step, loss }) => ({ x: step, y: loss })),
  }));
  return train.lineChart({ title: "Loss during training", xLabel: "step", yLabel: "loss", series });
}
