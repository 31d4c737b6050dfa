import { crc32c, joinBytes } from "../../formats/index.js";

/**
 * The records of TensorBoard's event files: protocol buffers of tensorboard/compat/proto (event.proto, summary.proto,
 * tensor.proto), framed as TFRecords.
 */

/** One value of a summary. */
export type SummaryValue =
  | { readonly tag: string; readonly scalar: number }
  | {
      readonly tag: string;
      readonly png: Uint8Array;
      readonly size: readonly [channels: number, height: number, width: number];
    }
  | { readonly tag: string; readonly text: string };

/** What an event holds. */
export type EventContent =
  | { readonly fileVersion: string }
  /** A (re)start: events of earlier files at this event's step and later ones are void. */
  | { readonly start: true }
  | { readonly values: readonly SummaryValue[] };

/** One event as bytes of an event file. */
export function eventRecord(wallTime: number, step: number, content: EventContent): Uint8Array {
  const fields = [double(1, wallTime), integer(2, step)];
  if ("fileVersion" in content) fields.push(bytes(3, text(content.fileVersion)));
  else if ("start" in content) fields.push(bytes(7, integer(1, 1)));
  else fields.push(bytes(5, joinBytes(content.values.map((value) => bytes(1, summaryValue(value))))));
  return frame(joinBytes(fields));
}

function summaryValue(value: SummaryValue): Uint8Array {
  const tag = bytes(1, text(value.tag));
  if ("scalar" in value) return joinBytes([tag, float(2, value.scalar)]);
  if ("png" in value) {
    const [channels, height, width] = value.size;
    const image = [integer(1, height), integer(2, width), integer(3, channels), bytes(4, value.png)];
    return joinBytes([tag, bytes(4, joinBytes(image))]);
  }
  // A tensor of one string (data type 7) for the text plugin.
  const shape = bytes(2, bytes(2, integer(1, 1)));
  const tensor = joinBytes([integer(1, 7), shape, bytes(8, text(value.text))]);
  return joinBytes([tag, bytes(8, tensor), bytes(9, bytes(1, bytes(1, text("text"))))]);
}

/** A TFRecord: length, checksum of the length, data, checksum of the data; little endian. */
export function frame(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc32c(data), true);
  return record;
}

/** TFRecord's mask, so that the checksum of data that holds checksums stays meaningful. */
function maskedCrc32c(data: Uint8Array): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

// Fields of protocol buffers: a key of number and wire type, then a varint (0), 8 bytes (1), length and bytes (2) or 4
// bytes (5).

function varint(value: number): Uint8Array {
  const result: number[] = [];
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) result.push(Number(rest & 127n) | 128);
  return Uint8Array.of(...result, Number(rest));
}

function integer(field: number, value: number): Uint8Array {
  return joinBytes([Uint8Array.of(field << 3), varint(value)]);
}

function double(field: number, value: number): Uint8Array {
  const result = new Uint8Array(9);
  result[0] = (field << 3) | 1;
  new DataView(result.buffer).setFloat64(1, value, true);
  return result;
}

function float(field: number, value: number): Uint8Array {
  const result = new Uint8Array(5);
  result[0] = (field << 3) | 5;
  new DataView(result.buffer).setFloat32(1, value, true);
  return result;
}

function bytes(field: number, value: Uint8Array): Uint8Array {
  return joinBytes([Uint8Array.of((field << 3) | 2), varint(value.length), value]);
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
