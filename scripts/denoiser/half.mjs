// Safetensors files of 16-bit floats.

/** The bits of the nearest 16-bit float. */
export function halfBits(value) {
  const size = Math.abs(value);
  const sign = value < 0 ? 0x8000 : 0;
  if (!(size < 65520)) throw new Error(`${value} is no 16-bit float`);
  // Below the smallest normal number values are multiples of 2^-24.
  const exponent = Math.max(-14, Math.floor(Math.log2(Math.max(size, 2 ** -24))));
  // A significand that is rounded up to 2048 carries into the exponent by itself.
  return sign + ((exponent + 14) << 10) + roundEven(size * 2 ** (10 - exponent));
}

function roundEven(x) {
  const below = Math.floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

/** The bytes of a safetensors file of `{ name: { data, shape } }`, all stored as 16-bit floats. */
export function halfSafetensors(tensors, metadata) {
  const header = { __metadata__: metadata };
  let offset = 0;
  const entries = Object.entries(tensors);
  for (const [name, { data, shape }] of entries) {
    header[name] = { dtype: "F16", shape, data_offsets: [offset, offset + 2 * data.length] };
    offset += 2 * data.length;
  }
  const text = JSON.stringify(header);
  const json = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const bytes = Buffer.alloc(8 + json.length + offset);
  bytes.writeBigUInt64LE(BigInt(json.length), 0);
  json.copy(bytes, 8);
  let position = 8 + json.length;
  for (const [, { data }] of entries)
    for (const value of data) position = bytes.writeUInt16LE(halfBits(value), position);
  return bytes;
}
