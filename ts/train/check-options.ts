import { DataLoader } from "../data/index.js";
import { checkGroup } from "../distributed/index.js";
import { Metric } from "../metric/index.js";
import { Optimizer, Schedule } from "../optim/index.js";
import { Physics, PhysicsGenerator, StackedPhysics } from "../physics/index.js";
import {
  ArgumentError,
  checkFlag,
  checkKind,
  checkNumber,
  checkOptions,
  checkStream,
  checkWord,
  hasMethods,
  isFunction,
  isPlain,
  type Kind,
} from "../runtime/index.js";
import { lossesOfEach } from "./losses-option.js";
import type { TrainerOptions } from "./options.js";
import { countOf, list } from "./matched.js";

type Check = (value: unknown, name: string, caller: string) => void;

const whole: Check = (value, name, caller) => {
  checkNumber(caller, name, value, { positive: true, integer: true });
};
const flag: Check = (value, name, caller) => void checkFlag(caller, name, value, false);
const kind =
  (expected: string, fits: Kind["fits"]): Check =>
  (value, name, caller) =>
    checkKind(caller, name, value, { expected, fits });
/** One of a kind, or a list of at least one. */
const oneOrMore =
  (expected: string, fits: Kind["fits"]): Check =>
  (value, name, caller) => {
    const entries: readonly unknown[] = Array.isArray(value) ? value : [value];
    const rule = { expected, fits };
    if (entries.length === 0)
      checkKind(caller, name, value, { expected: `${expected}, or several`, fits: () => false });
    entries.forEach((entry, i) => checkKind(caller, Array.isArray(value) ? `${name}[${i}]` : name, entry, rule));
  };
const listOf =
  (expected: string, fits: Kind["fits"]): Check =>
  (value, name, caller) => {
    checkKind(caller, name, value, { expected: `a list: [${expected}]`, fits: Array.isArray });
    (value as readonly unknown[]).forEach((entry, i) => checkKind(caller, `${name}[${i}]`, entry, { expected, fits }));
  };
/** An object whose entries are checked one by one; `required` ones must be there. */
const group =
  (expected: string, entries: Readonly<Record<string, Check>>, required: readonly string[] = []): Check =>
  (value, name, caller) => {
    checkKind(caller, name, value, { expected, fits: isPlain });
    checkOptions(`${caller}: ${name}`, value as object, Object.keys(entries));
    for (const [key, check] of Object.entries(entries)) {
      const entry = (value as Record<string, unknown>)[key];
      if (entry !== undefined) check(entry, `${name}.${key}`, caller);
      else if (required.includes(key))
        throw new ArgumentError(`${caller}: ${name}.${key} is missing, expected ${expected}.`, "missing_argument");
    }
  };

const callback = kind("a function", isFunction);
const text = kind("the path of a file, a string", (value) => typeof value === "string" && value !== "");
const texts: Check = (value, name, caller) => {
  checkKind(caller, name, value, { expected: 'texts by name, such as { author: "me" }', fits: isPlain });
  for (const [key, entry] of Object.entries(value as object)) word(entry, `${name}.${key}`, caller);
};
const word = kind("a string", (value) => typeof value === "string");
const model = kind(
  "a network, such as new nn.ArtifactRemoval({ backboneNet }), or your own: a class that extends nn.Module",
  (value) => hasMethods(value, ["forward", "parameters", "stateDict", "loadStateDict", "train", "eval"]),
);
const isData = (value: unknown): boolean =>
  value instanceof DataLoader ||
  (hasMethods(value, ["get"]) && Number.isInteger((value as { length?: unknown }).length));
const data = oneOrMore(
  "a dataset (with get(index) and a whole length) or a DataLoader; of tensors make one with " +
    "new data.TensorDataset({ x })",
  isData,
);
const isPhysics = (value: unknown): boolean => value instanceof Physics || value instanceof StackedPhysics;
const criterion = { metric: word, loss: word };
const nonNegative: Check = (value, name, caller) => void checkNumber(caller, name, value, { min: 0 });

/** The check of each option. */
const CHECKS: Readonly<Record<keyof TrainerOptions, Check>> = {
  model,
  physics: oneOrMore("a physics, such as new physics.Denoising()", isPhysics),
  physicsGenerator: oneOrMore(
    "a generator of parameters, such as new physics.SigmaGenerator()",
    (value) => value instanceof PhysicsGenerator,
  ),
  losses: () => {}, // Checked with the number of data sets.
  optimizer: kind(
    "an optimiser, such as new optim.Adam(model.parameters(), { lr: 1e-3 })",
    (value) => value instanceof Optimizer,
  ),
  schedule: kind(
    "a schedule, such as new optim.StepLR(optimizer, { stepSize: 10 })",
    (value) => value instanceof Schedule,
  ),
  scheduleEvery: (value, name, caller) => void checkWord(caller, name, value, ["epoch", "step"]),
  epochs: whole,
  maxSteps: whole,
  trainData: data,
  batchSize: whole,
  redraw: flag,
  accumulate: whole,
  group: (value, _name, caller) => checkGroup(caller, value),
  syncBatchNorm: flag,
  gradClip: (value, name, caller) => void checkNumber(caller, name, value, { positive: true }),
  ema: group(
    "{ decay }, such as { decay: 0.999 }",
    {
      decay: (value, name, caller) => {
        checkNumber(caller, name, value, { min: 0, max: 1 });
        if (value === 1)
          throw new ArgumentError(
            `${caller}: ${name} is 1, expected less: the average would not move.`,
            "invalid_argument",
          );
      },
    },
    ["decay"],
  ),
  evalData: data,
  evalEvery: (value, name, caller) => {
    if (typeof value === "number") whole(value, name, caller);
    else group("a number of epochs, or { steps }", { steps: whole }, ["steps"])(value, name, caller);
  },
  evalLosses: flag,
  metrics: listOf("a metric, such as new metric.PSNR()", (value) => value instanceof Metric),
  baselines: (value, name, caller) => {
    const expected = "functions of y and physics by name, such as { adjoint: (y, physics) => physics.AAdjoint(y) }";
    checkKind(caller, name, value, { expected, fits: isPlain });
    for (const [key, entry] of Object.entries(value as object))
      checkKind(caller, `${name}.${key}`, entry, { expected: "a function of y and physics", fits: isFunction });
  },
  earlyStop: group("{ patience }, such as { patience: 5 }", { patience: whole, minDelta: nonNegative, ...criterion }, [
    "patience",
  ]),
  best: group("{}, or { path, metadata, metric or loss, restore }", {
    path: text,
    metadata: texts,
    restore: flag,
    ...criterion,
  }),
  onProgress: callback,
  onEvaluation: callback,
  loggers: listOf("a logger: an object with a method scalars(step, values)", (value) => hasMethods(value, ["scalars"])),
  checkpoint: group('{ path }, such as { path: "results/checkpoint.safetensors" }', { path: text, every: whole }, [
    "path",
  ]),
  historyPath: text,
  rng: (value, _name, caller) => checkStream(caller, value),
  readEvery: whole,
};

/** The option names. */
export const TRAINER_KEYS: readonly string[] = Object.keys(CHECKS);
const REQUIRED = ["model", "physics", "losses", "optimizer", "trainData"] as const;

/**
 * Checks each option by itself and what belongs together, before anything runs.
 *
 * @throws ArgumentError `unknown_option`, `missing_argument`, `invalid_argument`.
 */
export function checkTrainerOptions(options: TrainerOptions): void {
  if (options === undefined) throw new ArgumentError("Trainer: the options are missing.", "missing_argument");
  checkOptions("Trainer", options, TRAINER_KEYS);
  for (const key of REQUIRED) {
    if (options[key] === undefined || options[key] === null)
      throw new ArgumentError(`Trainer: ${key} is missing.`, "missing_argument");
  }
  for (const [key, check] of Object.entries(CHECKS)) {
    const value = options[key as keyof TrainerOptions];
    if (value !== undefined) check(value, key, "Trainer");
  }
  lossesOfEach(options.losses, countOf(options));
  checkTogether(options);
}

function checkTogether(options: TrainerOptions): void {
  const { model, optimizer, schedule, evalData, earlyStop, best } = options;
  const own = new Set(model.parameters());
  if (!optimizer.parameters.some((parameter) => own.has(parameter))) {
    throw new ArgumentError(
      "Trainer: the optimiser trains no weight of the model; make it with model.parameters().",
      "invalid_argument",
    );
  }
  if (schedule && schedule.optimizer !== optimizer) {
    throw new ArgumentError(
      "Trainer: the schedule sets the rate of another optimiser; make it with the one given as optimizer.",
      "invalid_argument",
    );
  }
  for (const [key, value] of Object.entries({ earlyStop, best })) {
    if (value && !evalData) throw new ArgumentError(`Trainer: ${key} needs evalData.`, "missing_argument");
    if (value?.metric !== undefined && value.loss !== undefined) {
      throw new ArgumentError(
        `Trainer: ${key} has both metric and loss, expected one of them: the value that decides.`,
        "invalid_argument",
      );
    }
  }
  if (options.syncBatchNorm === true && !options.group) {
    throw new ArgumentError(
      "Trainer: syncBatchNorm needs group, which is missing: its ranks share the batches of a step.",
      "missing_argument",
    );
  }
  const files = {
    "checkpoint.path": options.checkpoint?.path,
    "best.path": best?.path,
    historyPath: options.historyPath,
  };
  const written = Object.entries(files).filter(([, path]) => path !== undefined);
  for (const [i, [key, path]] of written.entries()) {
    const [other] = written.slice(0, i).find(([, before]) => before === path) ?? [];
    if (other === undefined) continue;
    const text = `Trainer: ${other} and ${key} are both ${path}, so that one would replace the other; give two files.`;
    throw new ArgumentError(text, "invalid_argument");
  }
  if (options.evalLosses === true && !evalData)
    throw new ArgumentError("Trainer: evalLosses needs evalData.", "missing_argument");
  const evaluated = list(evalData).length;
  if (evaluated > 1 && evaluated !== countOf(options)) {
    throw new ArgumentError(
      `Trainer: evalData has ${evaluated} entries, expected one, or one for each of ${countOf(options)} data sets.`,
      "invalid_argument",
    );
  }
}
