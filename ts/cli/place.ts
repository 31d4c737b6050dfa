import {
  AdjointError,
  ArgumentError,
  DeviceError,
  DTypeError,
  FormatError,
  nearest,
  ShapeError,
} from "../runtime/index.js";
import { UsageError } from "./errors.js";

/** A place in a configuration, for messages: the file, and the path of a key in it, such as `losses[0].sigma`. */
export class Place {
  readonly file: string;
  readonly path: string;

  constructor(file: string, path = "") {
    this.file = file;
    this.path = path;
  }

  /** The place of a key. */
  key(name: string): Place {
    return new Place(this.file, this.path === "" ? name : `${this.path}.${name}`);
  }

  /** The place of an entry of a list. */
  index(i: number): Place {
    return new Place(this.file, `${this.path}[${i}]`);
  }

  toString(): string {
    return this.path === "" ? this.file : `${this.file}: ${this.path}`;
  }
}

/** An error of a class's own checks: the same class and code, its message after the place. */
export function placed(place: Place, error: unknown): unknown {
  if (!(error instanceof AdjointError) || error instanceof UsageError || error.message.startsWith(`${place.file}: `))
    return error;
  const text = `${place}: ${error.message}`;
  for (const Class of [ShapeError, DTypeError, DeviceError, FormatError, ArgumentError])
    if (error instanceof Class) return new Class(text, error.code);
  return new AdjointError(text, error.code);
}

/** A short description of a JSON value, for messages. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) {
    const keys = Object.keys(value);
    return keys.length === 0 ? "an empty object" : `an object with ${keys.slice(0, 3).join(", ")}`;
  }
  return JSON.stringify(value);
}

/** Words that may have been meant: the nearest by spelling, if it begins alike, and those that contain the word. */
export function nearWords(word: string, known: readonly string[]): readonly string[] {
  const lower = word.toLowerCase();
  const contained = known.filter((each) => lower.length > 2 && each.toLowerCase().includes(lower));
  const first = nearest(word, known);
  const isNear = first !== undefined && first[0]?.toLowerCase() === lower[0];
  return [...new Set([...(isNear ? [first] : []), ...contained])].slice(0, 4);
}

/** `; did you mean "a" or "b"?` as the end of a sentence, or its full stop where no word is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = nearWords(word, known).map((each) => `"${each}"`);
  if (near.length === 0) return ".";
  const text = near.length === 1 ? near[0] : `${near.slice(0, -1).join(", ")} or ${near.at(-1)}`;
  return `; did you mean ${text}?`;
}
