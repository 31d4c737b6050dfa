// `npm run evidence`, or `npm run evidence -- papers`: each method against supervised training, and the same training
// with deepinv where a Python has it (ADJOINT_PYTHON names the interpreter): the same images, measurements, initial
// weights, batches, optimiser and schedule. Writes docs/evidence.md, docs/evidence.json and docs/images/evidence.png.
//
//   --tasks gaussian,ct     only these tasks (papers/tasks.mjs has them); nothing is written to docs
//   --steps N, --seeds N    steps of a training (default 400), seeds (default 3)
//   --work FOLDER           measurements, weights and results (default results/evidence-papers); a training whose
//                           result lies there is not done again
//   --quick                 few small trainings that only show that the program works; nothing is written to docs
//   --no-deepinv            here only
//   --no-build              uses dist/ as it is
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { init, io, Rng } from "adjoint";
import { Failure, main, root, say } from "../common.mjs";
import { measurements } from "./papers/images.mjs";
import { notes } from "./papers/notes.mjs";
import { report } from "./papers/report.mjs";
import { Results } from "./papers/results.mjs";
import { quick, tasks } from "./papers/tasks.mjs";
import { BATCH, initialWeights, LEARNING_RATE, trainHere } from "./papers/train.mjs";

const { values } = parseArgs({
  options: {
    tasks: { type: "string", default: "" },
    steps: { type: "string" },
    seeds: { type: "string" },
    work: { type: "string" },
    quick: { type: "boolean", default: false },
    "no-deepinv": { type: "boolean", default: false },
    "no-build": { type: "boolean" },
  },
});
const python = process.env.ADJOINT_PYTHON ?? "python3";
const program = join(root, "scripts", "evidence", "papers", "train_deepinv.py");

await main(async () => {
  const steps = wholeNumber("steps", values.steps ?? (values.quick ? "2" : "400"));
  const seeds = Array.from({ length: wholeNumber("seeds", values.seeds ?? (values.quick ? "1" : "3")) }, (_, i) => i);
  const work = values.work ?? join(root, "results", values.quick ? "evidence-papers-quick" : "evidence-papers");
  const version = values["no-deepinv"] ? null : deepinvVersion();
  const wanted = chosen(values.tasks === "" ? [] : values.tasks.split(","));
  const settings = { steps, seeds: seeds.length, batch: BATCH, learningRate: LEARNING_RATE, deepinv: version };
  await init();
  const results = new Results(work);
  const shown = values.quick ? quick(wanted) : wanted;
  for (const task of shown) await trainTask(task, { steps, seeds, work, results, version });
  const text = await report({
    ...{ tasks: shown, results, settings, seeds, work, notes },
    toDocs: !values.quick && values.tasks === "",
    truthOf: async (task, seed) => (await measurements(task, seed)).testX,
  });
  process.stdout.write(text);
});

function wholeNumber(name, text) {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new Failure(`--${name} is ${text}, expected a whole number from 1 on.`);
}

function chosen(names) {
  const unknown = names.find((name) => !tasks.some(({ id }) => id === name));
  if (unknown !== undefined)
    throw new Failure(`there is no task ${unknown}; there are ${tasks.map(({ id }) => id).join(", ")}.`);
  return tasks.filter(({ id }) => names.length === 0 || names.includes(id));
}

/** The version of the interpreter's deepinv, or null. */
function deepinvVersion() {
  const code = "import deepinv, safetensors, sys; sys.stdout.write(deepinv.__version__)";
  const { status, stdout } = spawnSync(python, ["-c", code], { encoding: "utf8" });
  if (status === 0) return stdout.trim().split("\n").at(-1);
  say(`${python} has no deepinv (ADJOINT_PYTHON names another): the trainings are done here only`);
  return null;
}

/** All trainings of a task that have no result yet. */
async function trainTask(task, { steps, seeds, work, results, version }) {
  const folder = join(work, task.id);
  mkdirSync(folder, { recursive: true });
  const there = [];
  for (const seed of seeds) {
    const { tensors, weights, order } = await prepared(task, { seed, steps, folder });
    for (const [name, row] of Object.entries(task.losses)) {
      const training = { task, name, row, seed, steps };
      if (!results.of("adjoint", training)) {
        const { before, after, seconds } = trainHere({ task, row, tensors, weights, order, seed });
        await io.writeSafetensors(results.file("adjoint", training), { before, after });
        await results.add("adjoint", training, { seconds, truth: tensors.testX });
      }
      if (version && row.only !== "adjoint" && !results.of("deepinv", training)) {
        there.push({ ...training, order, truth: tensors.testX });
      }
    }
  }
  if (there.length > 0) await trainThere(task, there, folder, results);
}

/** Measurements, initial weights and batches of a seed; the files that deepinv reads. */
async function prepared(task, { seed, steps, folder }) {
  const tensors = await measurements(task, seed);
  const weights = initialWeights(task, seed);
  await io.writeSafetensors(join(folder, `${seed}-measurements.safetensors`), tensors);
  await io.writeSafetensors(join(folder, `${seed}-weights.safetensors`), weights);
  const drawn = await new Rng(seed + 500).randint(0, tensors.x.shape[0], [steps, BATCH]).data();
  const order = Array.from({ length: steps }, (_, i) => [...drawn.slice(i * BATCH, (i + 1) * BATCH)]);
  return { tensors, weights, order };
}

/** Trains with deepinv, in one process; each result is kept as soon as it is there. */
async function trainThere(task, trainings, folder, results) {
  const named = trainings.map(({ seed, name, order, ...training }) => ({
    seed,
    loss: name,
    order,
    file: results.file("deepinv", { seed, name, ...training }),
  }));
  writeFileSync(join(folder, "plan.json"), JSON.stringify({ task, learningRate: LEARNING_RATE, trainings: named }));
  const child = spawn(python, [program, folder], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = new Promise((done) => child.on("close", done));
  for await (const line of createInterface({ input: child.stdout })) {
    const found = JSON.parse(line);
    const training = trainings.find(({ seed, name }) => seed === found.seed && name === found.loss);
    await results.add("deepinv", training, { seconds: found.seconds, truth: training.truth });
  }
  const code = await closed;
  if (code !== 0) throw new Failure(`${python} ${program} ${folder} ended with exit code ${code}.`);
}
