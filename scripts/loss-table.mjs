// Generates docs/losses.md from ts/loss/assumptions.ts, the source of the types, the checks and `adjoint losses`, and
// from docs/evidence.json, whose numbers `adjoint losses` has from ts/cli/evidence.generated.ts.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { Failure, root, tsc } from "./common.mjs";
import { firstSentence } from "./doc-comments.mjs";
import { evidenceByLoss } from "./evidence/papers/by-loss.mjs";

const sources = ["ts/loss/assumptions.ts", "ts/loss/fitting.ts", "ts/physics/kinds.ts", "ts/physics/noise/kinds.ts"];

/** The exports of the sources. They import nothing at run time, so they are compiled without a build or the add-on. */
async function load() {
  const folder = mkdtempSync(join(tmpdir(), "adjoint-losses-"));
  try {
    const flags = [
      "--noResolve",
      "--noCheck",
      "--module",
      "esnext",
      "--target",
      "es2022",
      "--rootDir",
      "ts",
      "--outDir",
      folder,
      "--ignoreConfig",
    ];
    const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, ...flags, ...sources], {
      cwd: root,
      encoding: "utf8",
    });
    if (status !== 0) throw new Failure(`generate: the assumptions do not compile: ${stdout}${stderr}`);
    const modules = sources.map((file) =>
      readFileSync(join(folder, file.replace(/^ts\//, "").replace(/ts$/, "js")), "utf8"),
    );
    const loaded = await Promise.all(modules.map((text) => import(`data:text/javascript,${encodeURIComponent(text)}`)));
    return Object.assign({}, ...loaded);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** For each loss its file, its namespace and the first sentence of its comment. */
function classes(names) {
  const found = new Map();
  for (const file of readdirSync(join(root, "ts", "loss"), { recursive: true })) {
    if (!file.endsWith(".ts")) continue;
    const text = readFileSync(join(root, "ts", "loss", file), "utf8");
    for (const [, comment, name] of text.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport class (\w+)/g)) {
      const path = file.split(sep).join("/");
      const folder = path.includes("/") ? path.split("/")[0] : "";
      const sentence = firstSentence(comment.replace(/^\s*\* ?/gm, ""));
      found.set(name, {
        path: `ts/loss/${path}`,
        access: folder === "" ? `loss.${name}` : `loss.${folder}.${name}`,
        sentence,
      });
    }
  }
  for (const name of names)
    if (!found.has(name))
      throw new Failure(`generate: ts/loss has no documented class ${name}, which lossAssumptions names.`);
  return found;
}

const learnsFrom = ({ needs, noisyPairs }) => {
  if (noisyPairs) return "pairs of noisy images";
  return needs.includes("x") ? "ground truth" : needs.includes("physics") ? "measurements" : "nothing (a prior)";
};
/** By how many dB a loss was below ground truth in the tasks that measured it. */
const evidenceText = (list = []) => list.map(({ task, below }) => `${task} ${below}`).join(", ");

const code = (text) => `\`${text}\``;

const row = (cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;

/** A Markdown table. */
const table = (header, rows) => [row(header), row(header.map(() => "---")), ...rows.map(row)].join("\n");

/** The assumptions of all losses and the kinds of noise and operators, for the chooser of the site. */
export async function lossData() {
  const { lossAssumptions, unbiasedNoise, noiseKinds, operatorKinds } = await load();
  const [about, evidence] = [classes(Object.keys(lossAssumptions)), evidenceByLoss()];
  const losses = Object.entries(lossAssumptions).map(([name, assumptions]) => {
    const { access, sentence } = about.get(name);
    const measured = evidenceText(evidence[name]);
    return { name, access, sentence, evidence: measured, learnsFrom: learnsFrom(assumptions), ...assumptions };
  });
  return { losses, unbiasedNoise, noiseKinds, operatorKinds };
}

/** The generated files: the path of each, and a function from its current to its new content. */
export async function lossTables() {
  const { lossAssumptions, unbiasedNoise, fitting, noiseKinds, operatorKinds } = await load();
  const names = Object.keys(lossAssumptions);
  const [about, evidence] = [classes(names), evidenceByLoss()];
  const noiseOf = ({ noise }) => (noise === "any" ? "any" : noise === unbiasedNoise ? "unbiased¹" : noise.join(", "));
  const operatorOf = ({ operator }) => (typeof operator === "string" ? operator : operator.join(", "));
  const assumed = (name) => [
    learnsFrom(lossAssumptions[name]),
    noiseOf(lossAssumptions[name]),
    operatorOf(lossAssumptions[name]),
  ];
  const note = `¹ zero mean given the clean measurement, independent between entries: ${unbiasedNoise.join(", ")}.`;

  const isStack = (operator) => ["stacked", "pansharpen"].includes(operator);
  const fits = (physics) => fitting(lossAssumptions, physics);
  const always = names.filter(
    (name) =>
      noiseKinds.every((noise) => fits({ noise, operator: "denoising" }).includes(name)) &&
      operatorKinds.every((operator) => isStack(operator) || fits({ operator }).includes(name)),
  );
  const others = (physics) =>
    fits(physics)
      .filter((name) => !always.includes(name))
      .map(code)
      .join(", ") || "none";
  const operatorRows = operatorKinds.map((operator) => [
    operator,
    isStack(operator) ? fits({ operator }).map(code).join(", ") : others({ noise: "gaussian", operator }),
  ]);
  const docs = [
    "# Losses",
    "Made by `npm run generate` from `ts/loss/assumptions.ts`, " +
      "the data that the types of `forward`, the checks at run time,\n" +
      "`compatibleLosses(physics)` and `adjoint losses` go by; not edited by hand.",
    "A loss takes only a physics that it is made for. In TypeScript another one does not compile; " +
      "in JavaScript it is an `ArgumentError` with the code\n" +
      "`incompatible_physics` that names the losses which fit. " +
      "What a loss computes, with formula and paper, stands above its class in `ts/loss`.",
    "## All losses",
    table(
      ["loss", "what it is", "learns from", "noise", "operator", "`forward` needs", "model adapted", "measured³"],
      names.map((name) => {
        const { access, sentence } = about.get(name);
        const { needs, adapted } = lossAssumptions[name];
        const needed = needs.map(code).join(", ");
        const measured = evidenceText(evidence[name]);
        return [code(access), sentence, ...assumed(name), needed, adapted ? "yes²" : "no", measured];
      }),
    ),
    note,
    "² `model = loss.adaptModel(model)`; the Trainer does it by itself, " +
      "and a model that was not adapted does not compile.",
    "³ dB below training with ground truth, with the same network, data and steps, by task of " +
      "[evidence.md](evidence.md): the best row of the loss.",
    "The adversarial losses also need the discriminator `D`, given to the constructor or to `forward`. " +
      "Schedulers (`RandomLossScheduler`, ...) ask for what their losses ask for.",
    "## By noise and operator",
    `Besides the losses that fit everything (${always.map(code).join(", ")}):`,
    table(
      ["noise, with denoising", "losses"],
      noiseKinds.map((noise) => [noise, others({ noise, operator: "denoising" })]),
    ),
    table(["operator, with Gaussian noise", "losses"], operatorRows),
    "A stack of operators takes a loss for each of them, in a `StackedPhysicsLoss`. " +
      "Any other pair: `adjoint losses --noise poisson --operator inpainting`.",
    "Losses that measure a reconstruction again, such as `EILoss`, do so with any noise: where it exists for values " +
      "of at least 0 only (Poisson, Poisson-Gaussian, Gamma), negative values of the network count as 0.",
    "`npm run evidence` measures what the losses reach beside supervised training and deepinv.",
  ];
  const known = Object.fromEntries(names.filter((name) => evidence[name]).map((name) => [name, evidence[name]]));
  const module = [
    "// Written by `npm run generate` from docs/evidence.json; not edited by hand.",
    "",
    "/** The dB by which a loss was below training with ground truth in a task of docs/evidence.md. */",
    "export interface Evidence {\n  readonly task: string;\n  readonly below: number;\n}",
    "",
    "/** What was measured of each loss: its best row of a task. */",
    `export const evidence: Readonly<Record<string, readonly Evidence[]>> = ${JSON.stringify(known, undefined, 2)};`,
    "",
  ];
  return [
    { path: "docs/losses.md", make: () => `${docs.join("\n\n")}\n` },
    { path: "ts/cli/evidence.generated.ts", make: () => module.join("\n") },
  ];
}
