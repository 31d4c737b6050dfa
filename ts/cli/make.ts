import { PhysicsGenerator } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { type NestedArray, tensor, type Tensor } from "../tensor/index.js";
import type { WeightedLoss } from "../train/index.js";
import { alternative, asNamed, isObject, type Named, namesOf, parts } from "./alternative.js";
import { UsageError } from "./errors.js";
import type { ClassEntry, Options, OptionType } from "./option-type.js";
import { type Place, placed } from "./place.js";
import { resolvePath } from "./paths.js";
import { readTensorFile, type TensorFile, tensorFileOptions } from "./tensor-file.js";

/** What objects of a configuration are made with. */
export interface Context {
  /** Folder that paths are relative to. */
  readonly folder: string;
  /** Stream for classes that draw something, such as weights and masks. */
  readonly rng?: RandomSource;
  /** What an optimiser or a schedule acts on. */
  readonly on?: unknown;
}

/**
 * The value of an option, from what a configuration writes: objects in place of names, tensors in place of lists.
 * What is written has been checked.
 *
 * @throws The errors of the classes, with the place before the message.
 */
export async function make(value: unknown, type: OptionType, place: Place, context: Context): Promise<unknown> {
  const meant = alternative(type, value);
  if (meant === "path") return resolvePath(context.folder, value as string);
  if (meant === "tensor") return await makeTensor(value, place, context);
  if (meant === undefined || typeof meant === "string" || "words" in meant) return value;
  if ("either" in meant || "kind" in meant) return await makeNamed(value, meant, place, context);
  if ("fields" in meant) return await makeOptions(value as object, meant.fields, place, context);
  if ("table" in meant) {
    const made: Record<string, unknown> = {};
    for (const [key, part] of Object.entries(value as object))
      made[key] = await make(part, meant.table, place.key(key), context);
    return made;
  }
  if ("weighted" in meant) return await makeWeighted(value, meant.weighted, place, context);
  if ("nested" in meant && !Array.isArray(value)) return await make(value, meant.nested, place, context);
  const made: unknown[] = [];
  for (const [i, part] of (value as unknown[]).entries()) {
    const inner = "list" in meant ? meant.list : "tuple" in meant ? (meant.tuple[i] as OptionType) : meant;
    made.push(await make(part, inner, place.index(i), context));
  }
  return made;
}

async function makeOptions(given: object, options: Options, place: Place, context: Context): Promise<object> {
  const made: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    const { type } = options[key] as Options[string];
    if (value !== undefined) made[key] = drawn(await make(value, type, place.key(key), context), key, type, place);
  }
  return made;
}

/** An object of the class that a value names; a list of transforms is one after the other. */
async function makeNamed(value: unknown, type: OptionType, place: Place, context: Context): Promise<unknown> {
  if (Array.isArray(value)) return await makeNamed({ name: "compose", list: value }, type, place, context);
  const named = asNamed(value as string | Named);
  const entry = namesOf(type).get(named.name) as ClassEntry;
  const { name: _, ...given } = named;
  const options = await makeOptions(given, entry.options, place, context);
  const { noise, ...rest } = options as { noise?: unknown };
  const whole = {
    ...rest,
    ...(noise === undefined ? {} : { noiseModel: noise }),
    ...(entry.rng && context.rng ? { rng: context.rng } : {}),
  };
  try {
    return await entry.make(whole as never, context.on as never);
  } catch (error) {
    throw placed(placeOf(error, given, place), error);
  }
}

/** Where a tensor is asked for, a generator stands for what it draws first. */
function drawn(value: unknown, key: string, type: OptionType, place: Place): unknown {
  if (!(value instanceof PhysicsGenerator) || !parts(type).includes("tensor")) return value;
  const parameters = value.step(1);
  const found = parameters[key];
  if (found !== undefined) return found;
  throw new UsageError(
    `${place.key(key)}: this generator draws ${Object.keys(parameters).join(", ")}, expected one of a ${key}.`,
    "invalid_argument",
  );
}

async function makeTensor(value: unknown, place: Place, context: Context): Promise<Tensor> {
  if (!isObject(value)) {
    try {
      return tensor(value as NestedArray);
    } catch (error) {
      throw placed(place, error);
    }
  }
  const request = (await makeOptions(value, tensorFileOptions, place, context)) as TensorFile;
  try {
    return await readTensorFile(request);
  } catch (error) {
    throw placed(place.key("file"), error);
  }
}

/** A loss and its weight, 1 where none is given. */
async function makeWeighted(value: unknown, type: OptionType, place: Place, context: Context): Promise<WeightedLoss> {
  const { loss: inner, weight = 1, ...beside } = isObject(value) ? value : { loss: value };
  const around = inner !== undefined && beside["name"] === undefined;
  const loss = await make(
    around ? inner : beside,
    type,
    around && isObject(value) ? place.key("loss") : place,
    context,
  );
  return { loss: loss as WeightedLoss["loss"], weight: weight as number };
}

/** The place of the option that an error of a class names first, or of the class where it names none. */
function placeOf(error: unknown, given: object, place: Place): Place {
  const key = error instanceof Error ? /^\w+: (\w+)\b/.exec(error.message)?.[1] : undefined;
  return key !== undefined && Object.hasOwn(given, key) ? place.key(key) : place;
}
