import type { Group } from "../distributed/index.js";
import type { Pixels } from "../io/index.js";

/**
 * Calls `restore` for 0 to `count` - 1 and yields the images in this order. Ranks take the numbers in turn, and every
 * one gets all images. An error on one rank ends the calls of the others.
 */
export async function* pixelsInTurn(
  group: Group | undefined,
  count: number,
  restore: (index: number) => Promise<Pixels>,
): AsyncGenerator<Pixels> {
  if (!group) {
    for (let index = 0; index < count; index++) yield await restore(index);
    return;
  }
  for (let begin = 0; begin < count; begin += group.size) {
    const index = begin + group.rank;
    let own = new Uint8Array(0);
    try {
      if (index < count) own = bytesOf(await restore(index));
    } catch (error) {
      group.abort(error);
      throw error;
    }
    for (const bytes of await group.allGather(own)) if (bytes.length > 0) yield pixelsOf(bytes);
  }
}

/** Bytes of the shape, in front of the values. */
const HEAD = 12;

function bytesOf({ data, shape }: Pixels): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEAD + data.byteLength);
  bytes.set(new Uint8Array(Uint32Array.from(shape).buffer));
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), HEAD);
  return bytes;
}

function pixelsOf(bytes: Uint8Array): Pixels {
  // A copy begins at a multiple of four bytes.
  const { buffer } = Uint8Array.from(bytes);
  const [channels = 0, rows = 0, columns = 0] = new Uint32Array(buffer, 0, 3);
  return { data: new Float32Array(buffer, HEAD), shape: [channels, rows, columns] };
}
