import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { init } from "../../ts/runtime/index.js";
import type { Tensor } from "../../ts/tensor/index.js";
import { loadState } from "../../ts/train/index.js";
import { compiled } from "../cli/compiled.js";

it("a process killed while it writes checkpoints leaves a complete one", async () => {
  await init();
  const folder = await mkdtemp(join(tmpdir(), "adjoint-kill-"));
  const path = join(folder, "checkpoint");
  const url = (file: string): string => pathToFileURL(compiled(file)).href;
  const program = `
    import { init } from ${JSON.stringify(url("runtime/index.js"))};
    import { full } from ${JSON.stringify(url("tensor/index.js"))};
    import { saveState } from ${JSON.stringify(url("train/index.js"))};
    await init();
    for (let step = 1; ; step++) await saveState(${JSON.stringify(path)}, { step, values: full([200_000], step) });`;
  try {
    for (const delay of [3, 17, 40]) {
      const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "inherit" });
      const ended = new Promise((resolve) => child.on("close", resolve));
      await rm(path, { force: true });
      while (!existsSync(path) && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, delay));
      child.kill("SIGKILL");
      await ended;
      const { step, values } = (await loadState(path)) as { step: number; values: Tensor };
      expect(step).toBeGreaterThan(0);
      const data = await values.data();
      expect(data).toHaveLength(200_000);
      expect(data.every((value) => value === step)).toBe(true);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
