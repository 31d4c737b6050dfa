/** The kinds of error this library throws; each is a class of the same name. */
export type ErrorClass =
  | "ShapeError"
  | "DeviceError"
  | "DTypeError"
  | "ArgumentError"
  | "FormatError"
  | "InternalError";

/**
 * Base class of every error thrown on purpose by this library.
 * `code` is a stable snake_case word to test for; the message says what was got, what is expected and what to do.
 */
export class AdjointError extends Error {
  /** Stable machine-readable reason, for example `shape_mismatch`. */
  readonly code: string;

  constructor(message: string, code = "internal", options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/** Shapes that do not fit together, or do not fit an operator. */
export class ShapeError extends AdjointError {}

/** A device that is absent, lost, out of memory, or that cannot do what was asked. */
export class DeviceError extends AdjointError {}

/** An element type that an operator or a device does not accept. */
export class DTypeError extends AdjointError {}

/** An argument out of its range, of the wrong type, missing or unknown. */
export class ArgumentError extends AdjointError {}

/** A file or a byte sequence that is not what it claims to be. */
export class FormatError extends AdjointError {}

const classes: Record<string, new (message: string, code: string, options?: ErrorOptions) => AdjointError> = {
  ShapeError,
  DeviceError,
  DTypeError,
  ArgumentError,
  FormatError,
  InternalError: AdjointError,
};

/**
 * Turns an error that crossed the binding as `CLASS|code|text` into its class; anything else comes back unchanged.
 */
export function translateError(error: unknown): unknown {
  const message = error instanceof Error ? error.message : typeof error === "string" ? error : undefined;
  if (message === undefined || error instanceof AdjointError) return error;
  const parts = /^(?:Error: )?([A-Za-z]+)\|([a-z0-9_]+)\|([\s\S]*)$/.exec(message);
  if (!parts) return error;
  const [, name = "", code = "internal", text = ""] = parts;
  const Class = classes[name];
  return Class ? new Class(text, code) : error;
}
