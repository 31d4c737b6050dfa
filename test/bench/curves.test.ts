import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("../../bench/curves.mjs", import.meta.url));

describe("training with the fast convolutions", () => {
  it("ends within 0.05 dB of training with burn's, from the same seed", { timeout: 120_000 }, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const { ours, burns } = JSON.parse(stdout) as { ours: number[]; burns: number[] };
    // Both have learned something, with different kernels: the last digits differ.
    expect(ours.at(-1)).toBeGreaterThan((ours[0] as number) + 2);
    expect(ours).not.toEqual(burns);
    ours.forEach((psnr, i) => expect(Math.abs(psnr - (burns[i] as number))).toBeLessThan(0.05));
  });
});
