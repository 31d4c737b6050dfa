import { largestValue, type SampleType } from "./raster.js";

/** Types of samples that are written. */
export type WrittenSample = "uint8" | "uint16" | "uint32" | "int8" | "int16" | "int32" | "float32" | "float64";

/** Arrays of the types of {@link WrittenSample}. */
const arrays = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/** Samples as they are written. */
export interface Quantised {
  readonly values: InstanceType<(typeof arrays)[WrittenSample]>;
  /** Values beyond the range of the type, which became its nearest end. */
  readonly clipped: number;
  /** NaN among integers, which became 0. */
  readonly notANumber: number;
}

/**
 * Rounds values to a type of samples: `round(scale * v)`, at most the ends of the type. Floats are only multiplied.
 *
 * A value counts as clipped where its rounded sample is beyond the type: 1.001 is still 255 of 255.
 */
export function quantise(data: ArrayLike<number>, sample: WrittenSample, scale: number): Quantised {
  const values = new arrays[sample](data.length);
  if (sample === "float32" || sample === "float64") {
    for (let i = 0; i < data.length; i++) values[i] = scale * (data[i] as number);
    return { values, clipped: 0, notANumber: 0 };
  }
  const largest = largestValue(sample, 8 * values.BYTES_PER_ELEMENT);
  const smallest = sample.startsWith("int") ? -largest - 1 : 0;
  let [clipped, notANumber] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    const rounded = Math.round(scale * (data[i] as number));
    if (Number.isNaN(rounded)) notANumber += 1;
    else if (rounded < smallest || rounded > largest) clipped += 1;
    values[i] = Math.min(largest, Math.max(smallest, rounded));
  }
  return { values, clipped, notANumber };
}

/** Whether a type of samples can be written. */
export function isWritten(sample: SampleType | WrittenSample): sample is WrittenSample {
  return sample in arrays;
}
