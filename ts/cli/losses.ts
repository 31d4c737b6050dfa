import type { Command } from "commander";
import { type Assumptions, fittingLosses, lossAssumptions } from "../loss/index.js";
import { noiseKinds, operatorKinds } from "../physics/index.js";
import { nearest } from "../runtime/index.js";
import { type CommonOptions, run, textTable, UsageError, withCommonOptions } from "./common.js";

interface LossesOptions extends CommonOptions {
  readonly noise?: string;
  readonly operator?: string;
}

/** `adjoint losses`: which losses exist, and which fit a noise and an operator. */
export function addLosses(program: Command): void {
  const command = program
    .command("losses")
    .description("list the losses, what each assumes, and which fit a noise and an operator")
    .option("--noise <kind>", `only those that fit this noise: ${noiseKinds.join(", ")}`)
    .option("--operator <kind>", `only those that fit this operator: ${operatorKinds.join(", ")}`);
  withCommonOptions(command).action(async (options: LossesOptions) => {
    await run(options, async ({ noise, operator }) => {
      checkWord("--noise", noise, noiseKinds);
      checkWord("--operator", operator, operatorKinds);
      const found = fittingLosses({ ...(noise ? { noise } : {}), ...(operator ? { operator } : {}) }).map(
        (name): [string, Assumptions] => [name, lossAssumptions[name]],
      );
      const words = (value: string | readonly string[]): string =>
        typeof value === "string" ? value : value.join(", ");
      const rows = found.map(([name, { noise: n, operator: o, needs }]) => [
        name,
        ` ${needs.includes("x") ? "yes" : "no"}`,
        words(o),
        words(n),
      ]);
      const header = ["loss", "ground truth", "operator", "noise"];
      const table = textTable([header, ...rows].map((row) => row.slice(0, 3))).split("\n");
      const width = Math.max(...table.map((line) => line.length)) + 3;
      const text = table.map((line, index) => line.padEnd(width) + ([header, ...rows][index]?.[3] ?? "")).join("\n");
      return {
        text,
        json: found.map(([name, assumptions]) => ({
          name,
          groundTruth: assumptions.needs.includes("x"),
          ...assumptions,
        })),
      };
    });
  });
}

function checkWord(option: string, word: string | undefined, known: readonly string[]): void {
  if (word === undefined || known.includes(word)) return;
  throw new UsageError(
    `${option} is ${word}; did you mean ${nearest(word, known)}? Known: ${known.join(", ")}`,
    "invalid_argument",
  );
}
