import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll } from "vitest";

let base: string;
let count = 0;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "adjoint-zarr-"));
});
afterAll(async () => await rm(base, { recursive: true }));

/** A new folder with the files of a Zarr array, which is removed after the tests of the file. */
export function zarrFolder(files: Readonly<Record<string, object | Uint8Array>>): string {
  const path = join(base, `${(count += 1)}.zarr`);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content instanceof Uint8Array ? content : JSON.stringify(content));
  }
  return path;
}
