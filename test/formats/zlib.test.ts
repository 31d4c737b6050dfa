import { deflateSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { inflate } from "../../ts/formats/zlib.js";
import { nodePlatform } from "../../ts/runtime/node/index.js";
import type { Platform } from "../../ts/runtime/platform.js";

const platform = nodePlatform as Required<Platform>;
const content = Uint8Array.from({ length: 50_000 }, (_, i) => (i * i) >>> (i % 7));
const packed = new Uint8Array(deflateSync(content));
const joined = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const changed = (at: number) => packed.map((byte, i) => (i === (at + packed.length) % packed.length ? byte ^ 1 : byte));

/** Streams, and how many bytes are wanted. */
const streams: Record<string, [Uint8Array[], number]> = {
  whole: [[packed], content.length],
  "in parts": [[packed.subarray(0, 3), packed.subarray(3, 999), packed.subarray(999)], content.length],
  "longer than wanted": [[packed], 1000],
  "shorter than wanted": [[packed], content.length + 1],
  "padded by some bytes": [[joined(packed, new Uint8Array(7))], content.length],
  "padded by many bytes": [[joined(packed, new Uint8Array(99))], content.length],
  "cut off": [[packed.subarray(0, 5000)], content.length],
  "with another checksum": [[changed(-1)], content.length],
  "damaged inside": [[changed(300)], content.length],
  "of nothing": [[new Uint8Array(deflateSync(new Uint8Array(0)))], 0],
  "of nothing, with more wanted": [[new Uint8Array(0)], 5],
};

const outcome = async (stream: [Uint8Array[], number]) => {
  try {
    return [...(await inflate(...stream))];
  } catch (error) {
    return (error as Error).message;
  }
};

describe("a zlib stream", () => {
  afterEach(() => vi.restoreAllMocks());

  it("is decoded by zlib in Node", async () => {
    const native = vi.spyOn(platform, "inflate");
    expect(await inflate([packed], content.length)).toEqual(content);
    expect(native).toHaveReturnedWith(content);
  });

  it.each(Object.entries(streams))("%s has the result or the error that it has in browsers", async (_, stream) => {
    const here = await outcome(stream);
    vi.spyOn(platform, "inflate").mockReturnValue(undefined);
    expect(here).toEqual(await outcome(stream));
  });

  it("has memory of its own, however short it is", async () => {
    const short = await inflate([new Uint8Array(deflateSync(content.subarray(0, 100)))], 100);
    expect(short.buffer.byteLength).toBe(100);
  });
});
