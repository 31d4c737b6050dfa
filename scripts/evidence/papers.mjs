// `npm run evidence`, or `npm run evidence -- papers`: each method against supervised training, and the same training
// with deepinv where a Python has it (ADJOINT_PYTHON names the interpreter): the same images, measurements, initial
// weights, batches, optimiser and schedule. Writes docs/evidence.md, docs/evidence.json and docs/images/evidence.png.
//
//   --tasks gaussian,ct     only these tasks (papers/tasks.mjs has them); nothing is written to docs, unless --docs
//   --steps N, --seeds N    steps of a training (default 2000; some tasks take a multiple), seeds (default 3)
//   --work FOLDER           measurements, weights and results (default results/evidence-papers); a training whose
//                           result lies there is not done again
//   --quick                 few small trainings that only show that the program works; nothing is written to docs
//   --no-deepinv            here only
//   --report                trains nothing: writes what there is results of
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
import { discriminatorOf } from "./papers/objects.mjs";
import { report } from "./papers/report.mjs";
import { Results } from "./papers/results.mjs";
import { quick, stepsOf, tasks } from "./papers/tasks.mjs";
import { solveHere } from "./papers/variational.mjs";
import { BATCH, initialWeights, LEARNING_RATE, trainHere } from "./papers/train.mjs";

const { values } = parseArgs({
  options: {
    tasks: { type: "string", default: "" },
    steps: { type: "string" },
    seeds: { type: "string" },
    work: { type: "string" },
    quick: { type: "boolean", default: false },
    docs: { type: "boolean" },
    report: { type: "boolean", default: false },
    "no-deepinv": { type: "boolean", default: false },
    "no-build": { type: "boolean" },
  },
});
const python = process.env.ADJOINT_PYTHON ?? "python3";
// One thread each: what waiting threads take is not the work of a training.
Object.assign(process.env, { RAYON_NUM_THREADS: "1", OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1" });
const program = join(root, "scripts", "evidence", "papers", "train_deepinv.py");

await main(async () => {
  const steps = wholeNumber("steps", values.steps ?? (values.quick ? "2" : "2000"));
  const seeds = Array.from({ length: wholeNumber("seeds", values.seeds ?? (values.quick ? "1" : "3")) }, (_, i) => i);
  const work = values.work ?? join(root, "results", values.quick ? "evidence-papers-quick" : "evidence-papers");
  const version = values["no-deepinv"] ? null : deepinvVersion();
  const wanted = chosen(values.tasks === "" ? [] : values.tasks.split(","));
  const settings = { steps, seeds: seeds.length, batch: BATCH, learningRate: LEARNING_RATE, deepinv: version };
  await init();
  const results = new Results(work);
  const shown = values.quick ? quick(wanted) : wanted;
  // Seed by seed: whoever ends the program early has all rows of the first seeds.
  const trainings = [];
  for (const seed of seeds)
    for (const task of shown) {
      trainings.push(...(await prepared(task, { seed, steps: stepsOf(task, steps), work })));
    }
  for (const training of trainings.filter((each) => !values.report && !results.of("adjoint", each))) {
    const { before, after, trained, seconds } = await (training.row.variational
      ? solveHere(training)
      : trainHere(training));
    const named = Object.fromEntries(Object.entries(trained).map(([key, value]) => [`trained.${key}`, value]));
    await io.writeSafetensors(results.file("adjoint", training), { before, after, ...named });
    await results.add("adjoint", training, seconds);
  }
  const there = trainings.filter((each) => version && each.row.only !== "adjoint" && !results.of("deepinv", each));
  if (there.length > 0 && !values.report) await trainThere(there, { results, work });
  const text = await report({
    tasks: shown,
    results,
    settings,
    seeds,
    work,
    notes,
    toDocs: values.docs ?? (!values.quick && values.tasks === ""),
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
  const code = "from importlib.metadata import version; version('safetensors'); print(version('deepinv'))";
  const { status, stdout } = spawnSync(python, ["-c", code], { encoding: "utf8" });
  if (status === 0) return stdout.trim();
  say(`${python} has no deepinv (ADJOINT_PYTHON names another): the trainings are done here only`);
  return null;
}

/** Measurements, initial weights and batches of a task and seed; deepinv reads the files. */
async function prepared(task, { seed, steps, work }) {
  const folder = join(work, task.id);
  mkdirSync(folder, { recursive: true });
  const files = {
    tensors: join(folder, `${seed}-measurements.safetensors`),
    weights: join(folder, `${seed}-weights.safetensors`),
    ...(task.discriminator ? { discriminator: join(folder, `${seed}-discriminator.safetensors`) } : {}),
  };
  const tensors = await measurements(task, seed);
  const weights = initialWeights(task, seed);
  await io.writeSafetensors(files.tensors, tensors);
  await io.writeSafetensors(files.weights, weights);
  const discriminator = discriminatorOf(task, new Rng(seed + 2000))?.stateDict();
  if (discriminator) await io.writeSafetensors(files.discriminator, discriminator);
  const drawn = await new Rng(seed + 500).randint(0, tensors.x.shape[0], [steps, BATCH]).data();
  const order = Array.from({ length: steps }, (_, i) => Array.from(drawn.slice(i * BATCH, (i + 1) * BATCH)));
  return Object.entries(task.losses).map(([name, row]) => ({
    task,
    name,
    row,
    seed,
    steps,
    tensors,
    weights,
    discriminator,
    order,
    files,
  }));
}

/** Trains with deepinv, in one process; each result is kept as soon as it is there. */
async function trainThere(trainings, { results, work }) {
  const plan = join(work, "plan.json");
  const described = trainings.map((training) => {
    const { task, row, seed, order, files } = training;
    return { task, row, seed, order, files, output: results.file("deepinv", training), learningRate: LEARNING_RATE };
  });
  writeFileSync(plan, JSON.stringify(described));
  const child = spawn(python, [program, plan], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = new Promise((done) => child.on("close", done));
  for await (const line of createInterface({ input: child.stdout })) {
    const { index, seconds } = JSON.parse(line);
    await results.add("deepinv", trainings[index], seconds);
  }
  const code = await closed;
  if (code !== 0) throw new Failure(`${python} ${program} ${plan} ended with exit code ${code}.`);
}
