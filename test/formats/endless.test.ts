import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";

// In a process of its own: where the library stands still, nothing else in the process goes on.
it("an HDF5 file whose global heap has free space of size 0 is refused, not read forever", () => {
  const folder = mkdtempSync(join(tmpdir(), "adjoint-endless-"));
  try {
    const bytes = readFileSync("test/formats/fixtures/arrays/ismrmrd.h5");
    const heap = bytes.indexOf("GCOL");
    let at = heap + 16;
    while (bytes.readUInt16LE(at) !== 0) at += 16 + 8 * Math.ceil(Number(bytes.readBigUInt64LE(at + 8)) / 8);
    bytes.writeBigUInt64LE(0n, at + 8);
    const file = join(folder, "endless.h5");
    writeFileSync(file, bytes);
    const program = `
      import { init, io } from ${JSON.stringify(pathToFileURL("dist/index.js").href)};
      await init();
      const read = io.readArray(${JSON.stringify(file)}, { dataset: "dataset/data" });
      await read.catch((error) => console.log(error.code));
    `;
    const { stdout, signal } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
      timeout: 60_000,
    });
    expect([signal, stdout]).toEqual([null, "file_invalid\n"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 90_000);
