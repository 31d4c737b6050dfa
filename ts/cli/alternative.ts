import { classes } from "./classes.generated.js";
import type { ClassEntry, Kind, OptionType } from "./option-type.js";

/** A class's name together with its options, as configurations write it: `{ "name": "DnCNN", "depth": 7 }`. */
export interface Named {
  readonly name: string;
  readonly [option: string]: unknown;
}

/** What a kind is called in messages. */
const words: Readonly<Record<Kind, string>> = {
  loss: "a loss",
  metric: "a metric",
  adversarialMetric: "an adversarial cost",
  transform: "a transform",
  physics: "a physics",
  noise: "a noise model",
  generator: "a generator",
  filter: "a filter",
  model: "a network",
  layer: "a layer",
  optimizer: "an optimiser",
  schedule: "a learning-rate schedule",
  dataset: "a dataset",
  logger: "a logger",
};

/** The names that a type accepts, with the class of each. */
export function namesOf(type: OptionType): ReadonlyMap<string, ClassEntry> {
  return new Map(
    parts(type).flatMap((part): [string, ClassEntry][] => {
      if (typeof part !== "object" || !("kind" in part)) return [];
      return Object.entries(classes[part.kind]).filter(([name]) => !part.names || part.names.includes(name));
    }),
  );
}

/** The kinds of which some class has this name. */
export function kindsWith(name: string): readonly string[] {
  return (Object.keys(classes) as Kind[])
    .filter((kind) => Object.hasOwn(classes[kind], name))
    .map((kind) => words[kind]);
}

/** A type's alternatives, or the type itself. */
export function parts(type: OptionType): readonly OptionType[] {
  return typeof type === "object" && "either" in type ? type.either : [type];
}

/** Whether a value is an object, neither null nor a list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value names something: a name alone, or an object with one. */
export function isNamed(value: unknown): value is string | Named {
  return typeof value === "string" || (isObject(value) && typeof value["name"] === "string");
}

/** The name and options of what a value names; the noise of a composition of operators is given to its last one. */
export function asNamed(value: string | Named): Named {
  if (typeof value === "string") return { name: value };
  const { noise, list, ...rest } = value;
  const isComposed = /^compose/i.test(value.name) && Array.isArray(list) && list.length > 0 && list.every(isNamed);
  if (noise === undefined || !isComposed) return value;
  return { ...rest, list: [...list.slice(0, -1), { ...asNamed(list.at(-1) as string | Named), noise }] };
}

/**
 * The alternative of a type that a value is meant as, judged by its form and not by what is inside; undefined where it
 * is none. Alternatives that name classes are taken together.
 */
export function alternative(type: OptionType, value: unknown): OptionType | undefined {
  const all = parts(type);
  // A list of numbers may be a plain list or a tensor; one of lists is a tensor.
  const isList =
    Array.isArray(value) && all.some((part) => typeof part === "object" && "list" in part && part.list === "number");
  if (isList && all.includes("tensor") && value.some(Array.isArray)) return "tensor";
  const plain = all.find((part) => hasForm(part, value));
  if (plain !== undefined) return plain;
  const kinds = all.filter((part) => typeof part === "object" && "kind" in part);
  if (kinds.length === 0) return undefined;
  const named: OptionType = kinds.length === 1 ? (kinds[0] as OptionType) : { either: kinds };
  // Beside other words, a string that is no name is a misspelt word.
  if (typeof value === "string") return !all.some(isWord) || namesOf(named).has(value) ? named : undefined;
  if (isObject(value)) return named;
  const isTransform = kinds.some((part) => typeof part === "object" && "kind" in part && part.kind === "transform");
  return isTransform && Array.isArray(value) ? named : undefined;
}

const isWord = (type: OptionType): boolean => typeof type === "object" && "words" in type;

/** Whether a value has the form of a type that names no class. */
function hasForm(type: OptionType, value: unknown): boolean {
  switch (type) {
    case "number":
    case "string":
    case "boolean":
      return typeof value === type;
    case "path":
      return typeof value === "string" && value !== "";
    case "null":
      return value === null;
    case "tensor":
      return Array.isArray(value) || (isObject(value) && "file" in value);
    default:
  }
  if ("words" in type) return type.words.some((word) => word === value);
  if ("list" in type || "tuple" in type) return Array.isArray(value);
  if ("fields" in type || "table" in type) return isObject(value) && !isNamed(value);
  if ("nested" in type) return Array.isArray(value) || hasForm(type.nested, value) || isNamed(value);
  return "weighted" in type && (typeof value === "string" || isObject(value));
}

/** What a type accepts, in words: `a number or null`. */
export function described(type: OptionType): string {
  const all = [...new Set(parts(type).map(describedPart))];
  return all.length < 2 ? (all[0] ?? "nothing") : `${all.slice(0, -1).join(", ")} or ${all.at(-1)}`;
}

function describedPart(type: OptionType): string {
  switch (type) {
    case "number":
      return "a number";
    case "string":
      return "a text";
    case "boolean":
      return "true or false";
    case "null":
      return "null";
    case "path":
      return "a path";
    case "tensor":
      return "nested lists of numbers";
    default:
  }
  if ("words" in type) return type.words.map((word) => JSON.stringify(word)).join(", ");
  if ("kind" in type)
    return `${words[type.kind]} such as ${example(type)}${type.kind === "transform" ? " or a list of them" : ""}`;
  if ("weighted" in type) return described(type.weighted);
  if ("nested" in type) return `${described(type.nested)}, or lists of them`;
  if ("tuple" in type) return `a list of ${type.tuple.length}: ${type.tuple.map(described).join(", ")}`;
  if ("list" in type) return `a list, each entry ${described(type.list)}`;
  if ("fields" in type) return `an object with ${Object.keys(type.fields).join(", ")}`;
  return "an object";
}

/** What messages name as an example, where it is accepted: the classes that most configurations have. */
const TYPICAL = ["SupLoss", "PSNR", "Denoising", "GaussianNoise", "DnCNN", "Adam", "CosineAnnealingLR", "ImageFolder"];

/** The name of a class that is accepted, as a configuration writes it. */
function example(type: OptionType): string {
  const names = namesOf(type);
  const name = TYPICAL.find((each) => names.has(each)) ?? [...names.keys()][0] ?? "...";
  return `{ "name": ${JSON.stringify(name)} }`;
}
