/** The format of the reference cases, as the README beside them describes it, and what reads it. */

/** A class and its constructor arguments. */
export interface Spec {
  readonly class: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly noise?: Spec;
  readonly list?: readonly Spec[];
  /** Of a module: its state keys and the tensor keys of their values. */
  readonly state?: Readonly<Record<string, string>>;
}

/** One layer of a case's network. */
export interface LayerSpec {
  readonly type: string;
  readonly stride?: number;
  readonly padding?: number;
  readonly paddingMode?: string;
  readonly slope?: number;
  readonly weight?: string;
  readonly bias?: string | null;
}

/** A network: layers with the wrapper around them, or a class of the library with its state. */
export interface ModelSpec {
  readonly wrapper?: string;
  readonly skip?: boolean;
  readonly framewise?: boolean;
  readonly layers?: readonly LayerSpec[];
  readonly class?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly state?: Readonly<Record<string, string>>;
}

/** One recorded random variable. */
export interface DrawSpec {
  readonly kind: string;
  readonly tensor?: string;
  readonly role?: string;
  readonly class?: string;
  readonly params?: Readonly<Record<string, string>>;
}

/** An input: a tensor key, a list of them (of lists), or a number. */
export type InputSpec = string | number | readonly InputSpec[];

/** One case. */
export interface GoldenCase {
  readonly name: string;
  readonly group: string;
  readonly class: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly physics?: Spec;
  readonly model?: ModelSpec;
  readonly discriminator?: ModelSpec;
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly draws: readonly DrawSpec[];
  readonly mode: "train" | "eval";
  readonly expected: {
    readonly value?: string;
    readonly grads?: Readonly<Record<string, string>>;
    readonly outputs?: Readonly<Record<string, unknown>>;
  };
  readonly tolerance: { readonly rtol: number; readonly perTensorAtol: Readonly<Record<string, number>> };
  readonly note?: string;
}

/** Values as they lie in the file. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Reads the JSON of a case; `file` names it in messages. */
export function parseCase(text: string, file: string): GoldenCase {
  let parsed: Partial<GoldenCase>;
  try {
    parsed = JSON.parse(text) as Partial<GoldenCase>;
  } catch (error) {
    throw new Error(`${file}: not JSON: ${(error as Error).message}`);
  }
  for (const key of ["name", "group", "class", "params", "inputs", "draws", "mode", "expected", "tolerance"] as const) {
    if (parsed[key] === undefined) throw new Error(`${file}: the case has no "${key}"`);
  }
  const { tolerance } = parsed as GoldenCase;
  if (typeof tolerance.rtol !== "number" || typeof tolerance.perTensorAtol !== "object") {
    throw new Error(`${file}: "tolerance" needs rtol and perTensorAtol`);
  }
  return parsed as GoldenCase;
}

const WIDTH: Readonly<Record<string, number>> = { F32: 4, F64: 8, I32: 4, I64: 8, U8: 1, BOOL: 1 };

/**
 * Reads the tensors of a safetensors file as plain numbers.
 *
 * It is separate from the library's own reader on purpose: a fault there must not hide itself.
 */
export function parseValues(bytes: Uint8Array, file: string): Map<string, Values> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const values = new Map<string, Values>();
  for (const [key, entry] of Object.entries(header)) {
    if (key === "__metadata__") continue;
    const width = WIDTH[entry.dtype];
    if (width === undefined) throw new Error(`${file}: tensor "${key}" has the element type ${entry.dtype}`);
    const begin = 8 + length + entry.data_offsets[0];
    const data = Float64Array.from({ length: (entry.data_offsets[1] - entry.data_offsets[0]) / width }, (_, i) => {
      const at = begin + i * width;
      if (entry.dtype === "F32") return view.getFloat32(at, true);
      if (entry.dtype === "F64") return view.getFloat64(at, true);
      if (entry.dtype === "I32") return view.getInt32(at, true);
      if (entry.dtype === "I64") return Number(view.getBigInt64(at, true));
      return view.getUint8(at);
    });
    values.set(key, { shape: entry.shape, data });
  }
  return values;
}
