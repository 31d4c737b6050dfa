import { joinBytes } from "./bytes.js";

/**
 * The bytes of a message in Protocol Buffers' binary format: each field is written as it is added. (Protocol Buffers
 * documentation, "Encoding".)
 */
export class MessageWriter {
  readonly #parts: Uint8Array[] = [];

  /** A whole number, also a negative one, as int32, int64 or an enum. */
  integer(field: number, value: number): this {
    return this.#tag(field, 0).#push(varint(BigInt.asUintN(64, BigInt(value))));
  }

  /** A float of 32 bits. */
  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#tag(field, 5).#push(bytes);
  }

  /** Text, bytes or a message. */
  bytes(field: number, value: string | Uint8Array | MessageWriter): this {
    const bytes =
      value instanceof MessageWriter ? value.finish() : typeof value === "string" ? utf8.encode(value) : value;
    return this.#tag(field, 2)
      .#push(varint(BigInt(bytes.length)))
      .#push(bytes);
  }

  /** The message. */
  finish(): Uint8Array {
    return joinBytes(this.#parts);
  }

  #tag(field: number, wireType: number): this {
    return this.#push(varint(BigInt(field * 8 + wireType)));
  }

  #push(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }
}

const utf8 = new TextEncoder();

/** Seven bits a byte, the lowest first; the eighth bit says that more follow. */
function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}
