/** A reader of event files that shares nothing with the writer but the specification. */
export interface ReadEvent {
  readonly wallTime: number;
  readonly step: number;
  readonly fileVersion?: string;
  readonly sessionStatus?: number;
  readonly values: readonly { tag: string; scalar?: number; image?: Image; text?: string }[];
}

interface Image {
  readonly height: number;
  readonly width: number;
  readonly colorspace: number;
  readonly png: Buffer;
}

/** CRC-32C bit by bit (RFC 3720, 12.1). */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data)
    for (let bit = 0; bit < 8; bit++) {
      const odd = (crc ^ (byte >> bit)) & 1;
      crc = (crc >>> 1) ^ (odd ? 0x82f63b78 : 0);
    }
  return (crc ^ 0xffffffff) >>> 0;
}

/** The data of each record; throws where a checksum is wrong or a record is cut off. */
export function records(file: Buffer): Buffer[] {
  const result: Buffer[] = [];
  const masked = (data: Uint8Array): number => {
    const crc = crc32c(data);
    return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  };
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    if (file.readUInt32LE(at + 8) !== masked(file.subarray(at, at + 8))) throw new Error("checksum of a length");
    const data = file.subarray(at + 12, at + 12 + length);
    if (file.readUInt32LE(at + 12 + length) !== masked(data)) throw new Error("checksum of data");
    result.push(data);
    at += 16 + length;
  }
  return result;
}

type Field = number | Buffer;

/** The fields of a message by number. Four and eight bytes stay bytes. */
function fields(data: Buffer): Map<number, Field[]> {
  const result = new Map<number, Field[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(data[at++] as number);
      value |= (byte & 127n) << shift;
      if (byte < 128n) return Number(value);
    }
  };
  while (at < data.length) {
    const key = varint();
    const type = key & 7;
    let value: Field;
    if (type === 0) value = varint();
    else {
      const length = type === 1 ? 8 : type === 5 ? 4 : type === 2 ? varint() : NaN;
      value = data.subarray(at, at + length);
      at += length;
    }
    result.set(key >>> 3, [...(result.get(key >>> 3) ?? []), value]);
  }
  if (at !== data.length) throw new Error("a field is cut off");
  return result;
}

const message = (value: Field | undefined): Map<number, Field[]> =>
  fields((value as Buffer | undefined) ?? Buffer.of());
const string = (value: Field | undefined): string => (value as Buffer).toString("utf8");

/** The events of a file. */
export function events(file: Buffer): ReadEvent[] {
  return records(file).map((record) => {
    const event = fields(record);
    const [wallTime, step, version, summary, session] = [1, 2, 3, 5, 7].map((field) => event.get(field)?.[0]);
    return {
      wallTime: (wallTime as Buffer).readDoubleLE(),
      step: step as number,
      ...(version === undefined ? {} : { fileVersion: string(version) }),
      ...(session === undefined ? {} : { sessionStatus: message(session).get(1)?.[0] as number }),
      values: (message(summary).get(1) ?? []).map((bytes) => {
        const value = message(bytes);
        const [scalar, image, tensor] = [2, 4, 8].map((field) => value.get(field)?.[0]);
        const part = (field: number): Field | undefined => message(image).get(field)?.[0];
        return {
          tag: string(value.get(1)?.[0]),
          ...(scalar === undefined ? {} : { scalar: (scalar as Buffer).readFloatLE() }),
          ...(tensor === undefined ? {} : { text: string(message(tensor).get(8)?.[0]) }),
          ...(image === undefined
            ? {}
            : {
                image: {
                  height: part(1) as number,
                  width: part(2) as number,
                  colorspace: part(3) as number,
                  png: part(4) as Buffer,
                },
              }),
        };
      }),
    };
  });
}
