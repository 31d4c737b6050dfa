import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readPixels, writeImage } from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";
import { tensor } from "../../ts/tensor/index.js";
import { expectedImages, fixture, fixtureFolder } from "./fixtures.js";

const python = process.env.PYTHON ?? "python3";
const hasLibraries = spawnSync(python, ["-c", "import tifffile, imagecodecs, PIL"]).status === 0;
const written = ["uint8", "uint16", "uint32", "int8", "int16", "int32", "float32", "float64"];

it.skipIf(!hasLibraries)(
  "where Python's tifffile, imagecodecs and Pillow are installed, they read what is written",
  async () => {
    await init();
    for (const compression of ["none", "deflate"] as const) {
      const folder = await mkdtemp(join(tmpdir(), "adjoint-python-"));
      let count = 0;
      for (const [name, { sample, bits, tolerance }] of Object.entries(expectedImages())) {
        if (!/\.(?:tif|png)$/.test(name) || !written.includes(sample) || tolerance || bits === 1) continue;
        if (name.endsWith(".png") && /palette|transparent|grey[24]|turned/.test(name)) continue;
        const { data, shape, metadata } = await readPixels(fixture(name), { scale: "none", page: "all" });
        await writeImage(join(folder, name), tensor(data, { shape }), {
          sample: sample as "uint8",
          scale: "none",
          metadata,
          compression,
        });
        count += 1;
      }
      expect(count).toBeGreaterThan(70);
      const result = spawnSync(python, [join(fixtureFolder, "check_written.py"), folder], { encoding: "utf8" });
      expect(result.stderr).toBe("");
      expect(Number(result.stdout)).toBeGreaterThan(count - 8);
      await rm(folder, { recursive: true });
    }
  },
);
