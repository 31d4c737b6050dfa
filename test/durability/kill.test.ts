import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { killTraining } from "../../scripts/soak/kills.mjs";
import { compiled } from "../cli/compiled.js";

/** How often the training is killed; `npm run soak` kills more. */
const kills = Number(process.env["ADJOINT_KILLS"] ?? 25);

it(`a training killed ${kills} times ends with the bits of an uninterrupted one`, { timeout: 900_000 }, async () => {
  compiled("node.js");
  // A process that is killed loses nothing of what it wrote, so that memory serves, and is not worn out by fsync.
  const folder = await mkdtemp(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "adjoint-kills-"));
  try {
    const { whole, killed, resumedAt, files } = await killTraining({ folder, kills, seed: kills });
    expect(killed).toEqual(whole);
    // Every run went on where the one before had come to, and nothing of the killed ones is left.
    expect(resumedAt).toEqual([...resumedAt].sort((a, b) => a - b));
    expect(resumedAt.at(-1)).toBeGreaterThan(kills / 2);
    expect(files.filter((name) => !/^log\.jsonl\.\d+$/.test(name))).toEqual([
      "best.safetensors",
      "checkpoint.safetensors",
      "history.jsonl",
      "last.safetensors",
      "log.jsonl",
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
