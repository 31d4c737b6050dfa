import { shown } from "../runtime/index.js";
import { chunkCodecs, type ChunkCodecs } from "./compressed-fault.js";
import type { ElementType } from "./elements.js";
import { unsupported } from "./fail.js";

export const FORMAT = "Zarr";

export type Json = Readonly<Record<string, unknown>>;

/** A member of a description, empty where it is no object. */
export function record(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

/** How the index of a shard is stored. */
export interface ShardIndex {
  readonly isIndexFirst: boolean;
  /** How many checksums follow it. */
  readonly checksums: number;
}

/** A codec: its name, and what it is told. */
interface Codec {
  readonly name: string;
  readonly options: Json;
}

/** The codecs of a list of version 3. */
export function codecsOf(value: unknown): Codec[] {
  const codecs = Array.isArray(value) ? value.map(record) : [];
  return codecs.map(({ name, configuration }) => ({ name: String(name), options: record(configuration) }));
}

/** The codecs of version 3, of shards those of the chunks in them. */
export function innerCodecs(codecs: readonly Codec[]): readonly Codec[] {
  const shards = codecs.find(({ name }) => name === "sharding_indexed");
  return shards ? codecsOf(shards.options["codecs"]) : codecs;
}

/** How the index of shards is stored, where the codecs make them. */
export function shardIndex(codecs: readonly Codec[]): ShardIndex | undefined {
  const options = codecs.find(({ name }) => name === "sharding_indexed")?.options;
  if (options === undefined) return undefined;
  const { checksums } = chunkCodecs(codecsOf(options["index_codecs"]).map(({ name }) => name));
  return { isIndexFirst: options["index_location"] === "start", checksums };
}

/** The filters and the compressor of version 2, in the order in which a chunk is encoded. */
export function versionTwoCodecs({ filters, compressor }: Json): Codec[] {
  const codecs = [...(Array.isArray(filters) ? filters : []), ...(compressor ? [compressor] : [])].map(record);
  return codecs.map((options) => ({ name: String(options["id"]), options }));
}

/** @throws FormatError `file_unsupported` for codecs that the library would decode to other values. */
export function usableCodecs(codecs: readonly Codec[], type: ElementType, path: string): ChunkCodecs {
  const found = chunkCodecs(codecs.map(({ name }) => name));
  const refuse = (what: string) => unsupported(FORMAT, `chunks of ${JSON.stringify(path)} are ${what}`);
  if (found.nested)
    throw refuse(`compressed, and stored by other codecs above that (${found.names.join(", ")}); compress them last`);
  for (const [i, { name, options }] of codecs.entries()) {
    const plain = found.names[i] as string;
    const stored = options["astype"] ?? options["dtype"];
    if (plain === "delta" && stored !== options["dtype"])
      throw refuse(`differences of another type (delta with astype ${shown(stored)})`);
    // Their bits would be added.
    if (type === "float16" && ["delta", "scale_offset", "cast_value"].includes(plain))
      throw refuse(`stored by the codec ${name}, which is not read for float16`);
  }
  return found;
}
