/** The kinds of objects that a configuration names. */
export type Kind =
  | "loss"
  | "metric"
  | "adversarialMetric"
  | "transform"
  | "physics"
  | "noise"
  | "generator"
  | "filter"
  | "model"
  | "layer"
  | "optimizer"
  | "schedule"
  | "dataset"
  | "logger";

/** What a configuration may write for an option. */
export type OptionType =
  | "number"
  | "string"
  | "boolean"
  | "null"
  /** A path, relative to the configuration's folder. */
  | "path"
  /** Nested lists of numbers. */
  | "tensor"
  /** One of some words or numbers. */
  | { readonly words: readonly (string | number)[] }
  | { readonly list: OptionType }
  | { readonly tuple: readonly OptionType[] }
  /** An object with these keys. */
  | { readonly fields: Options }
  /** An object with any keys. */
  | { readonly table: OptionType }
  /** An object of a class: its name and options. Where there are `names`, only these. */
  | { readonly kind: Kind; readonly names?: readonly string[] }
  /** One, or lists of them to any depth. */
  | { readonly nested: OptionType }
  /** A loss that may have a `weight`, or `{ "loss": ..., "weight": ... }`. */
  | { readonly weighted: OptionType }
  | { readonly either: readonly OptionType[] };

/** An option: its type, and whether it must be given. */
export interface OptionEntry {
  readonly type: OptionType;
  readonly required?: true;
}

/** Options by name. */
export type Options = Readonly<Record<string, OptionEntry>>;

/** A class or function that a configuration can name. */
export interface ClassEntry {
  /** Makes the object; `on` is what an optimiser or a schedule acts on. */
  make(options: never, on: never): unknown;
  readonly options: Options;
  /** Whether it takes a random stream. */
  readonly rng?: true;
}
