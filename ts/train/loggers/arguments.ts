import { ArgumentError, checkNumber } from "../../runtime/index.js";

/**
 * The step of a call.
 *
 * @throws ArgumentError `invalid_argument` where it is no whole number from 0 on.
 */
export function checkStep(logger: string, step: unknown): number {
  return checkNumber(logger, "step", step, { integer: true, min: 0, max: Number.MAX_SAFE_INTEGER });
}

/**
 * Names and values of a call; values may be NaN or infinite.
 *
 * @throws ArgumentError `invalid_argument` where they are no object of numbers.
 */
export function checkValues(logger: string, values: unknown): [string, number][] {
  const entries = typeof values === "object" && values !== null ? Object.entries(values as object) : undefined;
  const wrong = entries?.find(([, value]) => typeof value !== "number");
  if (entries && !wrong) return entries as [string, number][];
  throw new ArgumentError(
    `${logger}: ${wrong ? `the value of "${wrong[0]}" is no number` : "values is no object"}, ` +
      "expected numbers by name, such as { loss: 0.5 }.",
    "invalid_argument",
  );
}

/**
 * Settings as JSON.
 *
 * @throws ArgumentError `invalid_argument` where they are no plain data, such as a circle.
 */
export function settingsText(logger: string, settings: unknown, indentation?: number): string {
  try {
    return JSON.stringify(settings ?? {}, null, indentation) ?? "{}";
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    throw new ArgumentError(
      `${logger}: settings cannot be written as JSON (${reason}); give plain data.`,
      "invalid_argument",
    );
  }
}
