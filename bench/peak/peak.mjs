// The machine's peaks, measured by a small program of their own (peak.rs), compiled here for this machine.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../scripts/common.mjs";

const MiB = 2 ** 20;
/** Bytes of the triads: from within a cache of one core to beyond all caches. */
const SIZES = [1, 4, 16, 64, 512].map((size) => size * MiB);

/** The threads of the add-on. */
export const threadsOfAddOn = () => Number(process.env.RAYON_NUM_THREADS) || availableParallelism();

/**
 * The peaks of so many threads: FLOP/s of multiply-adds in float32, and of products of bfloat16 (null where the machine
 * has none); the bytes/s of a triad by its bytes. Undefined
 * where rustc is missing or knows no multiply-adds of this machine.
 */
export function measurePeaks(threads) {
  const folder = mkdtempSync(join(tmpdir(), "adjoint-peak-"));
  try {
    const program = join(folder, "peak");
    const source = join(root, "bench", "peak", "peak.rs");
    const options = ["-O", "-C", "target-cpu=native", "--edition", "2024", "-o", program, source];
    if (spawnSync("rustc", options, { stdio: "ignore" }).status !== 0) return undefined;
    const { status, stdout } = spawnSync(program, [threads, ...SIZES].map(String), { encoding: "utf8" });
    return status === 0 ? { threads, ...JSON.parse(stdout) } : undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
