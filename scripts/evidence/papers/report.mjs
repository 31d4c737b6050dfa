// What `npm run evidence -- papers` writes: rows as data, the document and a picture.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { full, io, nn } from "adjoint";
import { joined } from "../../../examples/shared/figures.mjs";
import { root } from "../../common.mjs";
import { documentOf } from "./document.mjs";
import { rowsOf } from "./rows.mjs";
import { stepsOf } from "./tasks.mjs";

const SIDE = 96;

/** A test image of each task: untrained, after each loss, ground truth; shorter lines end in white. */
async function picture({ tasks, rows, results, seed, steps, truthOf }) {
  const lines = [];
  for (const task of tasks) {
    const names = rows.filter((row) => row.task === task.id).map(({ loss }) => loss);
    if (names.length === 0) continue;
    const training = (name) => ({ task, name, row: task.losses[name], seed, steps: stepsOf(task, steps) });
    const files = await Promise.all(names.map((name) => io.readSafetensors(results.file("adjoint", training(name)))));
    const first = (t) => shown(t.slice([0], [1]), task.complex === true);
    lines.push([first(files[0].before), ...files.map(({ after }) => first(after)), first(await truthOf(task, seed))]);
  }
  const width = Math.max(...lines.map(({ length }) => length));
  const padded = lines.map((cells) => [...cells, ...Array(width - cells.length).fill(full([1, 1, SIDE, SIDE], 1))]);
  return joined(
    padded.map((cells) => joined(cells, 3)),
    2,
  );
}

function shown(image, complex) {
  const grey = complex ? image.square().sum(1, true).sqrt() : image;
  return nn.functional.interpolate(grey, { size: [SIDE, SIDE], mode: "bilinear" }).clamp(0, 1);
}

/** Prints and, where asked, writes the documents. */
export async function report({ tasks, results, settings, seeds, notes, toDocs, work, truthOf }) {
  const { steps } = settings;
  const described = {
    ...settings,
    machine: `${cpus()[0]?.model.trim()}, ${cpus().length} cores`,
    day: new Date().toISOString().slice(0, 10),
  };
  const rows = rowsOf({ tasks, results, seeds, steps });
  const text = documentOf({ tasks, rows, settings: described, notes });
  const data = `${JSON.stringify({ settings: described, rows }, null, 2)}\n`;
  const [docs, images] = toDocs ? [join(root, "docs"), join(root, "docs", "images")] : [work, work];
  writeFileSync(join(docs, "evidence.md"), text);
  writeFileSync(join(docs, "evidence.json"), data);
  const image = await picture({ tasks, rows, results, seed: seeds[0], steps, truthOf });
  await io.writeImage(join(images, "evidence.png"), image);
  return text;
}
