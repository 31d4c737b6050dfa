import { join } from "node:path";
import { cat, full, io, nn, train } from "adjoint";
import { mean } from "./judge.mjs";

const MOST_ROWS = 3;
const LEAST_SIDE = 192;

/**
 * Prints what an example achieved and writes before-after.png, report.html and results.json to its folder.
 *
 * `results` come from `judge`, the first being the state before; `names` are those of the test images; `facts` are
 * sentences to print, `numbers` go to results.json; `trainers` (label to Trainer) give the curves; `show` makes an
 * image that can be seen of a reconstruction.
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
  const figures = await figuresOf(names.slice(0, MOST_ROWS), results, show);

  const picture = join(run.out, "before-after.png");
  await io.writeFileAtomic(
    picture,
    await io.encodePng(
      joined(
        figures.map(({ cells }) =>
          joined(
            cells.map(({ image }) => image),
            3,
          ),
        ),
        2,
      ),
    ),
  );
  await train.writeReport(join(run.out, "report.html"), {
    title,
    intro: [run.about, ...facts].join(" "),
    tables,
    figures: figures.map(({ name, cells }) => ({ caption: `${name} (not trained on)`, images: cells })),
    charts: [curves(trainers)],
    details: { ...settings, steps: run.steps, seed: run.seed, device: run.device, time: train.duration(seconds) },
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

  if (run.json) return void process.stdout.write(`${JSON.stringify({ ...summary, folder: run.out })}\n`);
  const order = [...results.map(({ label }) => label), "ground truth"].join(", ");
  const text = [
    ...tables.map(({ caption, columns, rows }) => `${caption}\n${aligned([columns, ...rows])}`),
    ...(facts.length > 0 ? [facts.join("\n")] : []),
    `${run.steps} steps each, ${train.duration(seconds)} in all, seed ${run.seed}.\n${picture}, from left to right: ${order}. Open ${join(run.out, "report.html")}`,
  ];
  process.stdout.write(`\n${text.join("\n\n")}\n`);
}

function tableOf(metric, names, rows) {
  const decibels = metric === "PSNR";
  return {
    caption: `${decibels ? "PSNR in dB" : metric}, on images not trained on`,
    columns: ["", ...names, "mean"],
    rows: Object.entries(rows).map(([label, values]) => [
      label,
      ...[...values, mean(values)].map((value) => value.toFixed(decibels ? 2 : 3)),
    ]),
  };
}

/** For each test image, the reconstructions and the ground truth side by side. */
async function figuresOf(names, results, show) {
  const figures = [];
  for (const [i, name] of names.entries()) {
    const pictures = results.map(({ label, values, images }) => ({
      label: `${label}, ${values.PSNR[i].toFixed(2)} dB`,
      image: images[i],
    }));
    const cells = [];
    for (const { label, image } of [...pictures, { label: "ground truth", image: results[0].truth[i] }]) {
      const visible = enlarged(show(image));
      cells.push({ label, image: visible, png: await io.encodePng(visible) });
    }
    figures.push({ name, cells });
  }
  return figures;
}

/** Small images are enlarged by whole pixels. */
function enlarged(image) {
  const scaleFactor = Math.ceil(LEAST_SIDE / Math.min(...image.shape.slice(2)));
  return scaleFactor > 1 ? nn.functional.interpolate(image, { scaleFactor, mode: "nearest" }) : image;
}

/** Images in one, with white lines between them. */
function joined(images, dim) {
  const shape = [...images[0].shape];
  shape[dim] = 4;
  const gap = full(shape, 1);
  return cat(
    images.flatMap((image, i) => (i === 0 ? [image] : [gap, image])),
    dim,
  );
}

/** The loss of each training. Losses of different kinds differ by constants: only their course can be compared. */
function curves(trainers) {
  const series = Object.entries(trainers).map(([label, { history }]) => ({
    label,
    points: history.filter(({ loss }) => loss !== undefined).map(({ step, loss }) => ({ x: step, y: loss })),
  }));
  return train.lineChart({ title: "Loss during training", xLabel: "step", yLabel: "loss", series });
}

function aligned(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
        .join("   ")
        .trimEnd(),
    )
    .join("\n");
}
