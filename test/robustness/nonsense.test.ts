import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { compiled } from "../cli/compiled.js";

const program = fileURLToPath(new URL("../../scripts/fuzz.mjs", import.meta.url));

/** Output and exit code of `npm run fuzz` with these arguments. */
async function fuzz(args: readonly string[]): Promise<{ code: number | null; text: string }> {
  compiled("index.js");
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, text };
}

/** The numbers of the last line of the output. */
function counts(text: string): { calls: number; functions: number } {
  const [, calls = "0", functions = "0"] = /(\d+) calls of (\d+) functions/.exec(text) ?? [];
  return { calls: Number(calls), functions: Number(functions) };
}

describe("what nobody should give", () => {
  it("to creation functions, methods of Tensor and nn.functional: a value or an AdjointError", async () => {
    // One of 19 calls of `npm run fuzz -- --every`.
    const { code, text } = await fuzz(["--every", "--share", "19", "--groups", "tensor,functional"]);
    expect(text).toContain("0 findings");
    expect(code).toBe(0);
    expect(counts(text).calls).toBeGreaterThan(2000);
    expect(counts(text).functions).toBeGreaterThan(100);
  });

  it("to everything else that is exported, and in every option of it", async () => {
    // One of 499 calls of `npm run fuzz -- --every`; CI makes random ones for half a minute more.
    const { code, text } = await fuzz(["--every", "--share", "499", "--groups", "library"]);
    expect(text).toContain("0 findings");
    expect(code).toBe(0);
    expect(counts(text).calls).toBeGreaterThan(500);
    expect(counts(text).functions).toBeGreaterThan(1000);
  });

  it("random calls of a fixed seed likewise", async () => {
    const { code, text } = await fuzz(["--minutes", "0.1", "--seed", "1", "--groups", "tensor,functional"]);
    expect(text).toContain("0 findings");
    expect(code).toBe(0);
    expect(counts(text).calls).toBeGreaterThan(0);
  });
});
