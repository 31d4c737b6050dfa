/** Kinds of errors of the core, by the name of their class here; `InternalError` is an {@link AdjointError}. */
export type ErrorClass =
  | "ShapeError"
  | "DeviceError"
  | "DTypeError"
  | "ArgumentError"
  | "FormatError"
  | "InternalError";

/** Base class of all errors of this library. The message says what came, what was expected and what to do. */
export class AdjointError extends Error {
  /** Stable machine-readable reason in snake case, such as `shape_mismatch`. */
  readonly code: string;
  // Written out: a bundler that shortens the names of classes would shorten `new.target.name` too.
  override readonly name: string = "AdjointError";

  constructor(message: string, code = "internal", options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Shapes that do not match each other, or that an operator does not accept. */
export class ShapeError extends AdjointError {
  override readonly name: string = "ShapeError";
}

/** A device that is absent, lost, out of memory, or does not support an operation. */
export class DeviceError extends AdjointError {
  override readonly name: string = "DeviceError";
}

/** An element type that an operator or a device does not accept. */
export class DTypeError extends AdjointError {
  override readonly name: string = "DTypeError";
}

/** An argument out of its range, of the wrong type, missing or unknown. */
export class ArgumentError extends AdjointError {
  override readonly name: string = "ArgumentError";
}

/** A file or byte sequence with invalid content. */
export class FormatError extends AdjointError {
  override readonly name: string = "FormatError";
}

const classes: Record<string, new (message: string, code: string, options?: ErrorOptions) => AdjointError> = {
  ShapeError,
  DeviceError,
  DTypeError,
  ArgumentError,
  FormatError,
  InternalError: AdjointError,
};

/** Codes of N-API for a value that does not convert to the type that a function of the add-on takes. */
const conversion = /^(?:InvalidArg|[A-Z][A-Za-z]+Expected)$/;

/**
 * Converts an error that crossed the binding as `CLASS|code|text` into its class, and a value that did not cross it
 * into an ArgumentError; returns others unchanged.
 */
export function translateError(error: unknown): unknown {
  const message = error instanceof Error ? error.message : typeof error === "string" ? error : undefined;
  if (message === undefined || error instanceof AdjointError) return error;
  const match = /^(?:Error: )?([A-Za-z]+)\|([a-z0-9_]+)\|([\s\S]*)$/.exec(message);
  if (!match) {
    const refused = error instanceof Error && "code" in error && conversion.test(String(error.code));
    if (!refused) return error;
    const text = "a value of another type than the documented one came; see the cause";
    return new ArgumentError(`${text} (${message}).`, "invalid_argument", { cause: error });
  }
  const [, name = "", code = "internal", text = ""] = match;
  const Class = classes[name];
  return Class ? new Class(text, code) : error;
}
