import { ShapeError } from "../runtime/index.js";
import type { ArrayFile } from "./array.js";
import { tooLarge } from "./fail.js";
import { denseStrides, elementCount } from "./strided.js";

/** Bytes of the result: counters are independent of each other, and may ask for any size. */
const LIMIT = 2 ** 32;

/** Counters that become axes before the coils, the slowest first, and their names in `metadata.counters`. */
const outer = ["repetition", "set", "phase", "contrast", "slice", "kspaceEncodeStep2"] as const;

/** Sorts acquisitions into Cartesian k-space; `cartesianKspace` describes it. */
export function sortAcquisitions(acquisitions: ArrayFile): ArrayFile {
  const [count = 0, coils = 0, samples = 0, parts] = acquisitions.shape;
  const counters = acquisitions.metadata?.["counters"] as Readonly<Record<string, unknown>> | undefined;
  const counter = (name: string): readonly number[] => {
    const values = counters?.[name];
    const isList =
      Array.isArray(values) && values.every((value) => Number.isSafeInteger(value) && (value as number) >= 0);
    return isList ? (values as number[]) : [];
  };
  const lines = counter("kspaceEncodeStep1");
  if (acquisitions.shape.length !== 4 || parts !== 2 || lines.length !== count || count === 0) {
    throw new ShapeError(
      `cartesianKspace: the array has shape [${acquisitions.shape.join(", ")}] and counters of ${lines.length} ` +
        "acquisitions, expected what readArray gives for an ISMRMRD file, [acquisitions, coils, samples, 2].",
      "shape_mismatch",
    );
  }
  const largest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0);
  const axes = outer.filter((name) => counter(name).length === count && largest(counter(name)) > 0);
  const shape = [...axes.map((name) => largest(counter(name)) + 1), coils, largest(lines) + 1, samples, 2];
  const bytes = 4 * elementCount(shape);
  if (bytes > LIMIT) throw tooLarge("ISMRMRD", bytes, LIMIT);
  const strides = denseStrides(shape);
  const [coilStride, lineStride] = strides.slice(-4, -2) as [number, number];
  const data = new Float32Array(elementCount(shape));
  const places = Array.from({ length: count }, (_, i) =>
    axes.reduce(
      (sum, name, axis) => sum + (counter(name)[i] as number) * (strides[axis] as number),
      (lines[i] as number) * lineStride,
    ),
  );
  const times = new Map<number, number>();
  for (const place of places) times.set(place, (times.get(place) ?? 0) + 1);
  for (const [i, place] of places.entries()) {
    const weight = 1 / (times.get(place) as number);
    for (let coil = 0; coil < coils; coil++) {
      const from = (i * coils + coil) * samples * 2;
      const to = place + coil * coilStride;
      for (let k = 0; k < 2 * samples; k++) {
        data[to + k] = (data[to + k] as number) + weight * (acquisitions.data[from + k] as number);
      }
    }
  }
  return {
    data,
    shape,
    dtype: "complex64",
    axes: [...axes, "coil", "line", "sample"],
    metadata: { format: acquisitions.metadata["format"] },
  };
}
