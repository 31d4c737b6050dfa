import { readJson } from "../io/index.js";
import { alternative, asNamed, described, isNamed, isObject, kindsWith, type Named, namesOf } from "./alternative.js";
import { configOptions } from "./classes.generated.js";
import { UsageError } from "./errors.js";
import { questionLevels } from "./noise-level.js";
import type { Options, OptionType } from "./option-type.js";
import { didYouMean, nearWords, Place, shown } from "./place.js";
import { tensorFileOptions } from "./tensor-file.js";

/** Lists and objects inside each other in a configuration. */
const DEEPEST = 100;

/**
 * Reads and checks a configuration.
 *
 * @throws ArgumentError `file_not_found`; FormatError `json_invalid`; what {@link checkConfig} throws.
 */
export async function readConfig(path: string): Promise<WrittenConfig> {
  return checkConfig(await readJson(path), path);
}

/** A configuration as it is written: every name, key and type of value has been checked. */
export type WrittenConfig = Readonly<Record<string, unknown>> & { readonly physics: unknown; readonly model: unknown };

/**
 * Checks a configuration: that its keys and the names in it exist, that every option belongs to its class and has the
 * right type, and that none is missing. Ranges are checked by the classes themselves. `file` begins the messages.
 *
 * @throws UsageError `unknown_option`, `missing_argument`, `invalid_argument`; the message has the path of the key.
 */
export function checkConfig(value: unknown, file: string): WrittenConfig {
  if (!isObject(value))
    throw new UsageError(
      `${file}: the configuration is ${shown(value)}, expected an object; adjoint train --help shows one.`,
      "invalid_argument",
    );
  checkDepth(value, file);
  checkOptions(value, configOptions, new Place(file), "a configuration");
  for (const [key, number] of counts(value)) if (number !== undefined) checkCount(number, new Place(file, key));
  for (const key of ["losses", "lossesD"])
    if (Array.isArray(value[key]) && value[key].length === 0)
      throw new UsageError(`${file}: ${key} is an empty list, expected at least one loss.`, "invalid_argument");
  questionLevels(value, new Place(file));
  return value as WrittenConfig;
}

/** Refuses lists and objects inside each other so deep that no option needs it. */
function checkDepth(value: unknown, file: string): void {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST)
      throw new UsageError(
        `${file}: lists and objects are ${DEEPEST} deep inside each other, expected fewer.`,
        "invalid_argument",
      );
    level = level.flatMap((part) => (typeof part === "object" && part !== null ? Object.values(part) : []));
  }
}

/** Numbers that count something: samples, steps, pixels. */
function counts(config: Readonly<Record<string, unknown>>): [string, unknown][] {
  const data = config["data"] as Readonly<Record<string, unknown>>;
  const own = ["epochs", "batchSize", "maxSteps", "checkpointEvery", "readEvery"] as const;
  const ofData = ["size", "patch", "patchesPerEpoch"] as const;
  return [
    ...own.map((key): [string, unknown] => [key, config[key]]),
    ...ofData.flatMap((key) => [data[key]].flat().map((number): [string, unknown] => [`data.${key}`, number])),
  ];
}

function checkCount(value: unknown, place: Place): void {
  if (Number.isSafeInteger(value) && (value as number) > 0) return;
  throw new UsageError(`${place} is ${shown(value)}, expected a whole number, 1 or more.`, "invalid_argument");
}

/** Checks a value, and everything inside it. */
export function checkValue(value: unknown, type: OptionType, place: Place): void {
  const meant = alternative(type, value);
  if (meant === undefined) throw mismatch(value, type, place);
  if (typeof meant === "string") {
    if (meant === "tensor") checkTensor(value, place);
    return;
  }
  if ("words" in meant) return;
  if ("either" in meant || "kind" in meant) checkNamed(value, meant, place);
  else if ("fields" in meant) checkOptions(value as object, meant.fields, place, "this");
  else if ("table" in meant)
    for (const [key, part] of Object.entries(value as object)) checkValue(part, meant.table, place.key(key));
  else if ("list" in meant) (value as unknown[]).forEach((part, i) => checkValue(part, meant.list, place.index(i)));
  else if ("tuple" in meant) {
    const list = value as unknown[];
    if (list.length !== meant.tuple.length) throw mismatch(value, type, place);
    list.forEach((part, i) => checkValue(part, meant.tuple[i] as OptionType, place.index(i)));
  } else if ("nested" in meant) {
    if (Array.isArray(value)) value.forEach((part, i) => checkValue(part, meant, place.index(i)));
    else checkValue(value, meant.nested, place);
  } else checkWeighted(value, meant.weighted, place);
}

/** Checks what is named, and its options. */
function checkNamed(value: unknown, type: OptionType, place: Place): void {
  if (Array.isArray(value)) {
    if (value.length === 0) throw mismatch(value, type, place);
    return value.forEach((part, i) => checkValue(part, type, place.index(i)));
  }
  if (!isNamed(value))
    throw new UsageError(
      `${place}: name is ${shown((value as Partial<Named>).name ?? null)}, expected ${described(type)}.`,
      "missing_argument",
    );
  const named = asNamed(value);
  const entry = entryOf(named.name, type, typeof value === "string" ? place : place.key("name"));
  const { name, ...options } = named;
  checkOptions(options, entry.options, place, name);
}

/** The class of a name; `place` is that of the name. */
export function entryOf(name: string, type: OptionType, place: Place): { readonly options: Options } {
  const known = namesOf(type);
  const entry = known.get(name);
  if (entry) return entry;
  const names = [...known.keys()];
  const elsewhere = kindsWith(name);
  const isOfKind = elsewhere.some((kind) => described(type).includes(kind));
  const but = isOfKind
    ? ", which does not fit here"
    : elsewhere.length > 0
      ? `, which is ${elsewhere.join(" and ")}`
      : "";
  throw new UsageError(
    `${place} is "${name}"${but}, expected ${described(type)}${didYouMean(name, names)} ` +
      `Known: ${names.join(", ")}.`,
    "unknown_option",
  );
}

/** A loss with its weight beside its options, or around it. */
function checkWeighted(value: unknown, type: OptionType, place: Place): void {
  if (!isObject(value)) return checkValue(value, type, place);
  if (isObject(value["loss"]) || typeof value["loss"] === "string") {
    const fields: Options = { loss: { type, required: true }, weight: { type: "number", required: true } };
    return checkOptions(value, fields, place, "a loss with a weight");
  }
  const { weight, ...loss } = value;
  if (weight !== undefined) checkValue(weight, "number", place.key("weight"));
  checkValue(loss, type, place);
}

/** Checks options by name: no unknown one, none missing, each of its type. */
function checkOptions(given: object, options: Options, place: Place, owner: string): void {
  for (const [key, value] of Object.entries(given)) {
    const option = Object.hasOwn(options, key) ? options[key] : undefined;
    if (!option) throw unknown(key, value, Object.keys(options), place, owner);
    checkValue(value, option.type, place.key(key));
  }
  for (const [key, { required, type }] of Object.entries(options)) {
    if (!required || (given as Readonly<Record<string, unknown>>)[key] !== undefined) continue;
    const whose = owner === "this" ? "" : `, which ${owner} needs`;
    throw new UsageError(`${place.key(key)} is missing${whose}; expected ${described(type)}.`, "missing_argument");
  }
}

/** What many look for among the keys of a configuration. */
const OF_THE_COMMAND = ["seed", "device", "resume"];

function unknown(key: string, value: unknown, known: readonly string[], place: Place, owner: string): UsageError {
  const what = `${place.key(key)} is ${shown(value)}, but ${owner === "this" ? "there" : owner} `;
  if (known.length === 0) return new UsageError(`${what}has no options; leave it out.`, "unknown_option");
  const text = `${what}${owner === "this" ? "is" : "has"} no ${place.path === "" ? "key" : "option"} of that name`;
  if (place.path === "" && OF_THE_COMMAND.includes(key)) {
    return new UsageError(`${text}; it is an option of the command, --${key}.`, "unknown_option");
  }
  return new UsageError(`${text}${didYouMean(key, known)} Expected one of ${known.join(", ")}.`, "unknown_option");
}

function mismatch(value: unknown, type: OptionType, place: Place): UsageError {
  const [near] = typeof value === "string" ? nearWords(value, [...namesOf(type).keys(), ...wordsOf(type)]) : [];
  const hint = near === undefined ? "" : `; the nearest is ${JSON.stringify(near)}`;
  return new UsageError(`${place} is ${shown(value)}, expected ${described(type)}${hint}.`, "invalid_argument");
}

const wordsOf = (type: OptionType): string[] => {
  if (typeof type === "string") return [];
  if ("either" in type) return type.either.flatMap(wordsOf);
  return "words" in type ? type.words.map(String) : [];
};

/** Nested lists of numbers, or a file. */
function checkTensor(value: unknown, place: Place): void {
  if (isObject(value)) {
    return checkOptions(value, tensorFileOptions, place, "a tensor in a file");
  }
  if (Array.isArray(value)) return value.forEach((part, i) => checkTensor(part, place.index(i)));
  if (typeof value !== "number")
    throw new UsageError(`${place} is ${shown(value)}, expected a number in nested lists.`, "invalid_argument");
}
