// The pictures of the part with files.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Number of files, their side in pixels, and the patches of a batch and their side. */
export const [FILES, SIDE, PATCHES, PATCH] = [16, 512, 8, 64];
/** The variable that names their folder. */
export const FOLDER = "ADJOINT_BENCH_PICTURES";

/** A picture in [0, 1] with smooth parts, edges and fine grain, which compresses as photographs do. */
export function picture(side, k) {
  return Float32Array.from({ length: side * side }, (_, i) => {
    const [row, column] = [Math.floor(i / side), i % side];
    const smooth = Math.sin((row + 40 * k) / 37) * Math.cos(column / (23 + k));
    const edges = ((row >> 5) + (column >> (4 + (k % 3)))) % 2;
    // The upper bits of a product with a large number, as grain.
    const grain = (Math.imul(i + 1, 2654435761 + 2 * k) >>> 24) / 255;
    return 0.45 + 0.25 * smooth + 0.15 * edges + 0.04 * grain;
  });
}

/** An empty folder, named to the processes that start afterwards. Returns a function that removes it. */
export function openFolder() {
  const folder = mkdtempSync(join(tmpdir(), "adjoint-bench-"));
  process.env[FOLDER] = folder;
  return async () => rmSync(folder, { recursive: true });
}
