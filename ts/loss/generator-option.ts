import { PhysicsGenerator } from "../physics/index.js";
import { ArgumentError } from "../runtime/index.js";
import type { OptionReader } from "./options.js";

/** A generator of parameters, or null for none; `example` is one, for the message. */
export function generatorOption(example: string): OptionReader<PhysicsGenerator | null> {
  return (value, name, key) => {
    if (value === undefined || value === null) return null;
    if (value instanceof PhysicsGenerator) return value;
    throw new ArgumentError(`${name}: ${key} must be a generator such as ${example}.`, "invalid_argument");
  };
}

/** What draws the masks of what the network sees. */
export const maskGeneratorOption = generatorOption("new BernoulliSplittingMaskGenerator({ imgSize, splitRatio })");
