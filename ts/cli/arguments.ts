import { InvalidArgumentError } from "commander";
import { checkDevice } from "../runtime/index.js";

/** Checks the name of a device, for commander. */
export function deviceName(text: string): string {
  try {
    checkDevice("--device", text, ["auto"]);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
  return text;
}

/** Parses a whole number of at least 0, for commander. */
export function wholeNumber(text: string): number {
  return wholeNumberFrom(0, text);
}

/** Parses a whole number of at least 1, for commander. */
export function positiveWholeNumber(text: string): number {
  return wholeNumberFrom(1, text);
}

function wholeNumberFrom(least: number, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least) return value;
  const most = value > Number.MAX_SAFE_INTEGER ? `, at most ${Number.MAX_SAFE_INTEGER}` : "";
  throw new InvalidArgumentError(`Expected a whole number, ${least} or more${most}.`);
}

/** Parses a number above 0, for commander. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError("Expected a number above 0.");
  return value;
}
