import type { ElementType } from "./elements.js";
import { invalid, unsupported } from "./fail.js";

export const FORMAT = "NIfTI";

/** A field of the header: its offset in version 1 and in version 2, and how it is stored there. */
interface Field {
  readonly v1: readonly [offset: number, kind: Kind];
  readonly v2: readonly [offset: number, kind: Kind];
}
type Kind = "int16" | "int32" | "int64" | "float32" | "float64" | "uint8";

const widths: Readonly<Record<Kind, number>> = { int16: 2, int32: 4, int64: 8, float32: 4, float64: 8, uint8: 1 };

/** The fields that are read or written (nifti1.h and nifti2.h of the NIfTI Data Format Working Group). */
const fields = {
  dim: { v1: [40, "int16"], v2: [16, "int64"] },
  datatype: { v1: [70, "int16"], v2: [12, "int16"] },
  bitpix: { v1: [72, "int16"], v2: [14, "int16"] },
  pixdim: { v1: [76, "float32"], v2: [104, "float64"] },
  voxOffset: { v1: [108, "float32"], v2: [168, "int64"] },
  slope: { v1: [112, "float32"], v2: [176, "float64"] },
  inter: { v1: [116, "float32"], v2: [184, "float64"] },
  units: { v1: [123, "uint8"], v2: [500, "int32"] },
  qformCode: { v1: [252, "int16"], v2: [344, "int32"] },
  sformCode: { v1: [254, "int16"], v2: [348, "int32"] },
  quaternion: { v1: [256, "float32"], v2: [352, "float64"] },
  qoffset: { v1: [268, "float32"], v2: [376, "float64"] },
  srow: { v1: [280, "float32"], v2: [400, "float64"] },
} as const satisfies Record<string, Field>;

type FieldName = keyof typeof fields;

/** Element types by their code. */
const types: ReadonlyMap<number, ElementType> = new Map([
  [2, "uint8"],
  [4, "int16"],
  [8, "int32"],
  [16, "float32"],
  [32, "complex64"],
  [64, "float64"],
  [256, "int8"],
  [512, "uint16"],
  [768, "uint32"],
  [1024, "int64"],
  [1280, "uint64"],
  [1792, "complex128"],
]);

/** What other codes mean. */
const otherTypes: ReadonlyMap<number, string> = new Map([
  [1, "1-bit values"],
  [128, "RGB colours"],
  [1536, "128-bit floats"],
  [2048, "256-bit complex numbers"],
  [2304, "RGBA colours"],
]);

/** The header of a NIfTI file, as a view of its bytes. */
export class NiftiHeader {
  readonly bytes: Uint8Array;
  readonly version: 1 | 2;
  readonly littleEndian: boolean;
  readonly #view: DataView;

  private constructor(bytes: Uint8Array, version: 1 | 2, littleEndian: boolean) {
    this.bytes = bytes;
    this.version = version;
    this.littleEndian = littleEndian;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The header at the beginning of some bytes; `undefined` where there is none. */
  static find(head: Uint8Array): NiftiHeader | undefined {
    if (head.length < 348) return undefined;
    const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
    for (const littleEndian of [true, false]) {
      const size = view.getInt32(0, littleEndian);
      const text = (at: number): string => String.fromCharCode(...head.subarray(at, at + 3));
      if (size === 348 && /^n[+i]1$/.test(text(344))) return new NiftiHeader(head.slice(0, 348), 1, littleEndian);
      if (size === 540 && head.length >= 540 && /^n[+i]2$/.test(text(4))) {
        return new NiftiHeader(head.slice(0, 540), 2, littleEndian);
      }
    }
    return undefined;
  }

  /** A header without content: version 2 where a size needs it. */
  static empty(version: 1 | 2): NiftiHeader {
    const bytes = new Uint8Array(version === 1 ? 348 : 540);
    new DataView(bytes.buffer).setInt32(0, bytes.length, true);
    bytes.set(
      version === 1 ? [0x6e, 0x2b, 0x31, 0] : [0x6e, 0x2b, 0x32, 0, 0x0d, 0x0a, 0x1a, 0x0a],
      version === 1 ? 344 : 4,
    );
    return new NiftiHeader(bytes, version, true);
  }

  /** Whether the values are in a file of their own (.hdr with .img). */
  get isPair(): boolean {
    return this.bytes[this.version === 1 ? 345 : 5] === 0x69;
  }

  get(name: FieldName, index = 0): number {
    const [at, kind] = this.#place(name, index);
    const [view, little] = [this.#view, this.littleEndian];
    switch (kind) {
      case "int16":
        return view.getInt16(at, little);
      case "int32":
        return view.getInt32(at, little);
      case "int64":
        return Number(view.getBigInt64(at, little));
      case "float32":
        return view.getFloat32(at, little);
      case "float64":
        return view.getFloat64(at, little);
      case "uint8":
        return view.getUint8(at);
    }
  }

  set(name: FieldName, value: number, index = 0): void {
    const [at, kind] = this.#place(name, index);
    const [view, little] = [this.#view, this.littleEndian];
    if (kind === "int16") view.setInt16(at, value, little);
    else if (kind === "int32") view.setInt32(at, value, little);
    else if (kind === "int64") view.setBigInt64(at, BigInt(value), little);
    else if (kind === "float32") view.setFloat32(at, value, little);
    else if (kind === "float64") view.setFloat64(at, value, little);
    else view.setUint8(at, value);
  }

  #place(name: FieldName, index: number): [offset: number, kind: Kind] {
    const [offset, kind] = fields[name][this.version === 1 ? "v1" : "v2"];
    return [offset + index * widths[kind], kind];
  }

  /** @throws FormatError `file_invalid` where the number of axes or a size is impossible. */
  get shape(): number[] {
    const rank = this.get("dim");
    if (rank < 1 || rank > 7) throw invalid(FORMAT, `the array has ${rank} axes, expected 1 to 7`);
    const shape = Array.from({ length: rank }, (_, axis) => this.get("dim", axis + 1));
    if (shape.some((size) => !Number.isSafeInteger(size) || size < 0)) {
      throw invalid(FORMAT, `the array has sizes ${shape.join(", ")}`);
    }
    return shape;
  }

  /** @throws FormatError `file_unsupported` with the name of the type. */
  get type(): ElementType {
    const code = this.get("datatype");
    const type = types.get(code);
    if (type !== undefined) return type;
    throw unsupported(FORMAT, `datatype ${code} (${otherTypes.get(code) ?? "unknown"}) is not read`);
  }

  setType(type: ElementType, bytes: number): void {
    const [code] = [...types].find(([, name]) => name === type) ?? [];
    if (code === undefined) throw unsupported(FORMAT, `${type} cannot be written`);
    this.set("datatype", code);
    this.set("bitpix", 8 * bytes);
  }

  /**
   * The map from indices to millimetres (or other units): the sform where it has a code, else the qform, else the
   * spacing with the origin in the middle and the first axis from right to left, as Analyze files have it.
   */
  get affine(): number[][] {
    if (this.get("sformCode") > 0) {
      const rows = [0, 1, 2].map((row) => [0, 1, 2, 3].map((column) => this.get("srow", 4 * row + column)));
      return [...rows, [0, 0, 0, 1]];
    }
    const zooms = [1, 2, 3].map((axis) => this.get("pixdim", axis));
    if (this.get("qformCode") > 0) return this.#quaternionAffine(zooms as [number, number, number]);
    const steps = zooms.map((zoom, axis) => (axis === 0 ? -zoom : zoom));
    const sizes = [0, 1, 2].map((axis) => (axis < this.get("dim") ? this.get("dim", axis + 1) : 1));
    return [
      ...steps.map((step, row) =>
        [0, 1, 2, 3].map((c) => (c === row ? step : c === 3 ? (-step * ((sizes[row] as number) - 1)) / 2 : 0)),
      ),
      [0, 0, 0, 1],
    ];
  }

  /** Rotation of the unit quaternion (a, b, c, d) times the spacing, the third axis times qfac. */
  #quaternionAffine([dx, dy, dz]: [number, number, number]): number[][] {
    const [b, c, d] = [0, 1, 2].map((i) => this.get("quaternion", i)) as [number, number, number];
    const a = Math.sqrt(Math.max(0, 1 - b * b - c * c - d * d));
    const z = dz * (this.get("pixdim") < 0 ? -1 : 1);
    const offset = (i: number): number => this.get("qoffset", i);
    return [
      [(a * a + b * b - c * c - d * d) * dx, 2 * (b * c - a * d) * dy, 2 * (b * d + a * c) * z, offset(0)],
      [2 * (b * c + a * d) * dx, (a * a + c * c - b * b - d * d) * dy, 2 * (c * d - a * b) * z, offset(1)],
      [2 * (b * d - a * c) * dx, 2 * (c * d + a * b) * dy, (a * a + d * d - b * b - c * c) * z, offset(2)],
      [0, 0, 0, 1],
    ];
  }

  /** Units of the spacing, from the codes of xyzt_units. */
  get units(): { space: string; time: string } {
    const code = this.get("units");
    const space = ["unknown", "m", "mm", "um"][code & 7] ?? "unknown";
    const time = { 8: "s", 16: "ms", 24: "us", 32: "Hz", 40: "ppm", 48: "rad/s" }[code & 56] ?? "unknown";
    return { space, time };
  }
}
