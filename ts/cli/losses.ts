import type { Command } from "commander";
import { type Assumptions, fittingLosses, lossAssumptions } from "../loss/index.js";
import { noiseKinds, operatorKinds } from "../physics/index.js";
import { type CommonOptions, runCommand, withCommonOptions } from "./command.js";
import { UsageError } from "./errors.js";
import { evidence } from "./evidence.generated.js";
import { didYouMean } from "./place.js";
import { textTable } from "../text/index.js";

interface LossesOptions extends CommonOptions {
  readonly noise?: string;
  readonly operator?: string;
}

/** `adjoint losses`: lists the losses, or those that fit a noise model and an operator. */
export function addLosses(program: Command): void {
  const command = program
    .command("losses")
    .description("list the losses, what each assumes, and which fit a noise and an operator")
    .option("--noise <kind>", `only those that fit this noise: ${noiseKinds.join(", ")}`)
    .option("--operator <kind>", `only those that fit this operator: ${operatorKinds.join(", ")}`);
  withCommonOptions(command).action(async (options: LossesOptions) => {
    await runCommand(options, async ({ noise, operator }) => {
      checkKind("--noise", noise, noiseKinds);
      checkKind("--operator", operator, operatorKinds);
      const found = fittingLosses({ ...(noise ? { noise } : {}), ...(operator ? { operator } : {}) }).map(
        (name): [string, Assumptions] => [name, lossAssumptions[name]],
      );
      const listed = (value: string | readonly string[]): string =>
        typeof value === "string" ? value : value.join(", ");
      const truth = ({ needs, noisyPairs }: Assumptions): string =>
        noisyPairs ? "no, pairs" : needs.includes("x") ? "yes" : "no";
      const rows = found.map(([name, assumptions]) => [
        name,
        ` ${truth(assumptions)}`,
        listed(assumptions.operator),
        listed(assumptions.noise),
      ]);
      const header = ["loss", "ground truth", "operator", "noise"];
      const table = textTable([header, ...rows].map((row) => row.slice(0, 3))).split("\n");
      const width = Math.max(...table.map((line) => line.length)) + 3;
      const text = table.map((line, index) => line.padEnd(width) + ([header, ...rows][index]?.[3] ?? "")).join("\n");
      return {
        text: `${text}\n${measured(found.map(([name]) => name))}`,
        json: found.map(([name, assumptions]) => ({
          name,
          groundTruth: truth(assumptions) === "yes",
          evidence: evidence[name] ?? [],
          ...assumptions,
        })),
      };
    });
  });
}

/** What the evidence says of some losses. */
function measured(names: readonly string[]): string {
  const known = names.filter((name) => (evidence[name] ?? []).length > 0);
  if (known.length === 0) return "";
  const width = Math.max(...known.map((name) => name.length)) + 3;
  const line = (name: string): string =>
    name.padEnd(width) + (evidence[name] ?? []).map(({ task, below }) => `${task} ${below}`).join(", ");
  const title = "dB below training with ground truth, with the same network, data and steps (docs/evidence.md):";
  return ["", title, ...known.map(line)].join("\n");
}

function checkKind(option: string, kind: string | undefined, known: readonly string[]): void {
  if (kind === undefined || known.includes(kind)) return;
  throw new UsageError(
    `${option} is ${kind}${didYouMean(kind, known)} Known: ${known.join(", ")}.`,
    "invalid_argument",
  );
}
