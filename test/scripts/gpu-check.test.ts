import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const folder = fileURLToPath(new URL("../../scripts/gpu-check/", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "adjoint-gpu-check-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

interface Child {
  readonly about: unknown;
  ask(line: string, seconds: number): Promise<unknown>;
  stop(): Promise<void>;
}
interface Side {
  readonly key: string;
  readonly small: boolean;
  readonly heavy: boolean;
  readonly alone: boolean;
  start(): Promise<Child>;
}
interface Measured {
  readonly failed?: string;
  readonly median?: number;
}
interface Row {
  readonly name: string;
  readonly heavy?: boolean;
}
interface Results {
  build: string;
  tests: Record<string, Record<string, string | null>>;
}

const { startChild } = (await import(join(folder, "child.mjs"))) as {
  startChild(command: string, args: string[], options: { seconds: number }): Promise<Child>;
};
const { timeSide } = (await import(join(folder, "timing.mjs"))) as {
  timeSide(
    side: Side,
    rows: readonly Row[],
    run: { results: Record<string, Measured>; deadline: number; save(): void },
  ): Promise<void>;
};
const { State } = (await import(join(folder, "state.mjs"))) as {
  State: new (folder: string, options?: { fresh?: boolean }) => { results: Results; save(): void };
};
const { report } = (await import(join(folder, "report.mjs"))) as {
  report(results: object, sides: readonly Pick<Side, "key" | "small">[]): string;
};

/** A child that answers "0.001" but to names that say what happens to it. */
const program = join(work, "child.mjs");
writeFileSync(
  program,
  `import { createInterface } from "node:readline";
console.log(JSON.stringify({ label: "a library" }));
for await (const line of createInterface({ input: process.stdin })) {
  if (line.startsWith("crash")) process.kill(process.pid, "SIGSEGV");
  if (line.startsWith("throw")) throw new Error("the device is lost");
  if (line.startsWith("hang")) await new Promise((done) => setTimeout(done, 60_000));
  console.log("0.2");
}`,
);
const start = async () => await startChild(process.execPath, [program], { seconds: 30 });

describe("npm run gpu-check", () => {
  it("says how a child ended, or that it took too long", async () => {
    const [killed, hung] = await Promise.all([start(), start()]);
    expect(killed.about).toEqual({ label: "a library" });
    expect(await killed.ask("works", 30)).toBe(0.2);
    await expect(killed.ask("crash", 30)).rejects.toThrow("ended with SIGSEGV");
    await expect(hung.ask("hang", 0.2)).rejects.toThrow("no answer within 0 s");
    await hung.stop();
    await expect(startChild(join(work, "nowhere"), [], { seconds: 30 })).rejects.toThrow("ENOENT");
  });

  it("times the rows after one that crashes, keeps what was measured, and spares the CPU heavy rows", async () => {
    const results: Record<string, Measured> = { before: { median: 7 } };
    const rows = [{ name: "before" }, { name: "crash" }, { name: "works" }, { name: "large", heavy: true }];
    const side: Side = { key: "cpu", small: false, heavy: false, alone: false, start };
    let saved = 0;
    await timeSide(side, rows, { results, deadline: Date.now() + 30_000, save: () => (saved += 1) });
    expect(results.before).toEqual({ median: 7 });
    expect(results.crash?.failed).toContain("SIGSEGV");
    expect(results.works?.median).toBeCloseTo(200, 6);
    expect(Object.keys(results)).toEqual(["before", "crash", "works"]);
    expect(saved).toBe(2);
    await timeSide(side, [{ name: "late" }], { results, deadline: Date.now() - 1, save: () => undefined });
    expect(results.late).toBeUndefined();
  });

  it("goes on with the results of the same build only", () => {
    const first = new State(work);
    first.results.tests.cpu = { one: null };
    first.save();
    expect(new State(work).results.tests).toEqual({ cpu: { one: null } });
    expect(new State(work, { fresh: true }).results.tests).toEqual({});
    first.results.build = "another";
    first.save();
    expect(new State(work).results.tests).toEqual({});
  });

  it("reports what passed, failed and was not reached, medians, ratios, memory and reduced sizes", () => {
    const dncnn = "train:17x64:4x64";
    const text = report(
      {
        build: "1.0",
        devices: [
          { name: "cuda", available: true, detail: "a card" },
          { name: "webgpu", available: true, detail: "llvmpipe", kind: "software" },
        ],
        tests: { cuda: { a: null, b: "error 1e-2", c: "not reached" }, webgpu: { a: null } },
        ended: {},
        times: {
          cuda: { [dncnn]: { median: 3, memory: 120 }, unet: { failed: "no answer within 90 s" } },
          PyTorch: { [dncnn]: { median: 2 } },
          webgpu: { [dncnn]: { median: 500, small: true } },
        },
      },
      [
        { key: "cuda", small: false },
        { key: "PyTorch", small: false },
        { key: "webgpu", small: true },
      ],
    );
    expect(text).toContain("| cuda: a card | 1 passed | 1 failed | 1 not reached |");
    expect(text).toContain("- cuda, b: error 1e-2");
    expect(text).toContain("1x64x64 | 3.00 ms, 1.50 of PyTorch, 120 MiB | 2.00 ms |  |");
    expect(text).toContain("| failed: no answer within 90 s |");
    expect(text).toContain("Reduced sizes on webgpu");
    expect(text).toContain("batch 1 of 1x32x32 |  |  | 500 ms |");
  });
});
