// What test/browser/formats.test.ts calls in the browser: the readers of files, without a module.
import { bytesSource, readTorch } from "../../../ts/formats/index.js";
import { readArray, type ReadArrayOptions } from "../../../ts/io/index.js";

/** What was read, as plain values, or the code of the error. */
type Outcome = { shape: readonly number[]; dtype: string; values: number[] } | { code: unknown; message: string };

async function outcome(read: () => ReturnType<typeof readArray>): Promise<Outcome> {
  try {
    const { data, shape, dtype } = await read();
    return { shape, dtype, values: [...data] };
  } catch (error) {
    return { code: (error as { code?: unknown }).code, message: String(error) };
  }
}

const fetched = async (url: string): Promise<Blob> => await (await fetch(url)).blob();

/** Reads arrays: `.zarr` by address, others as a File; a folder is the list of its files. */
export async function arrays(base: string, cases: { file: string; options: ReadArrayOptions; files: string[] }[]) {
  const outcomes: Outcome[] = [];
  for (const { file, options, files } of cases) {
    outcomes.push(
      await outcome(async () => {
        if (file.endsWith(".zarr")) return await readArray(base + file, options);
        const blobs = await Promise.all(files.map(async (name) => new File([await fetched(base + name)], name)));
        return await readArray(blobs.length === 1 ? (blobs[0] as File) : blobs, options);
      }),
    );
  }
  return outcomes;
}

/** The tensors of a file of torch.save. */
export async function weights(url: string): Promise<Record<string, { shape: readonly number[]; values: number[] }>> {
  const bytes = new Uint8Array(await (await fetched(url)).arrayBuffer());
  const read = await readTorch(bytesSource(bytes), { maxBytes: 2 ** 30 });
  return Object.fromEntries([...read].map(([name, { data, shape }]) => [name, { shape, values: [...data] }]));
}
