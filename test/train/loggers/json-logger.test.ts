import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { JsonLogger } from "../../../ts/train/index.js";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "adjoint-json-logger-"));
});
afterEach(() => rm(folder, { recursive: true }));

const read = async (name = "run/log.jsonl"): Promise<Record<string, unknown>[]> => {
  const text = await readFile(join(folder, name), "utf8");
  expect(text.endsWith("\n")).toBe(true);
  const lines = text.trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
};
const steps = async (name?: string): Promise<unknown[]> => (await read(name)).map(({ step }) => step);
const logger = (): JsonLogger => new JsonLogger({ path: join(folder, "run/log.jsonl") });

describe("JsonLogger", () => {
  it("writes one line for each call, with the settings first; what is not finite is null", async () => {
    const before = Date.now() / 1000;
    const log = logger();
    await log.start(0, { epochs: 3 });
    await log.scalars(1, { "train/loss": 0.5 });
    await log.scalars(2, { "train/loss": NaN, "eval/PSNR": 30 });
    const [first, second, third] = await read();
    expect(first).toEqual({ step: 0, time: expect.any(Number), settings: { epochs: 3 } });
    expect(second).toEqual({ step: 1, time: expect.any(Number), "train/loss": 0.5 });
    expect(third).toEqual({ step: 2, time: expect.any(Number), "train/loss": null, "eval/PSNR": 30 });
    expect(second?.["time"]).toBeGreaterThanOrEqual(before);
    expect(second?.["time"]).toBeLessThanOrEqual(Date.now() / 1000);
  });

  it("a run that continues drops the lines after its step, and a line that was cut off", async () => {
    const log = logger();
    await log.start(0, {});
    for (const step of [1, 2, 3]) await log.scalars(step, { loss: step });
    await appendFile(join(folder, "run/log.jsonl"), '{"step":2,"ti');
    const resumed = logger();
    await resumed.start(2, { resumed: true });
    await resumed.scalars(3, { loss: 30 });
    const lines = await read();
    expect(lines.map(({ step }) => step)).toEqual([0, 1, 2, 2, 3]);
    expect(lines[3]?.["settings"]).toEqual({ resumed: true });
    expect(lines[4]?.["loss"]).toBe(30);
    expect(await readdir(join(folder, "run"))).toEqual(["log.jsonl"]);
  });

  it("a run that starts anew keeps what it finds under another name", async () => {
    for (const loss of [1, 2, 3]) {
      const log = logger();
      await log.start(0, {});
      await log.scalars(loss, { loss });
    }
    expect((await readdir(join(folder, "run"))).sort()).toEqual(["log.jsonl", "log.jsonl.1", "log.jsonl.2"]);
    expect(await steps("run/log.jsonl.1")).toEqual([0, 1]);
    expect(await steps("run/log.jsonl.2")).toEqual([0, 2]);
    expect(await steps()).toEqual([0, 3]);
  });

  it("does not change a file that is no log", async () => {
    for (const text of ["name,value\na,1\n", "[1]\n", '{"epoch":1}\n', "null\n"]) {
      await writeFile(join(folder, "notes.txt"), text);
      const log = new JsonLogger({ path: join(folder, "notes.txt") });
      await expect(log.start(5, {})).rejects.toMatchObject({
        name: "FormatError",
        code: "json_invalid",
        message: expect.stringContaining("line 1"),
      });
      expect(await readFile(join(folder, "notes.txt"), "utf8")).toBe(text);
    }
  });

  it("refuses steps, values and settings that mean nothing", async () => {
    const log = logger();
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    const code = "invalid_argument";
    for (const step of [-1, 1.5, NaN, "1", undefined]) {
      await expect(log.start(step as never)).rejects.toMatchObject({ name: "ArgumentError", code });
      await expect(log.scalars(step as never, {})).rejects.toMatchObject({ name: "ArgumentError", code });
    }
    for (const values of [null, undefined, 1, { loss: "1" }, { loss: null }])
      await expect(log.scalars(1, values as never)).rejects.toMatchObject({ name: "ArgumentError", code });
    for (const settings of [circle, { n: 1n }])
      await expect(log.start(0, settings)).rejects.toMatchObject({ name: "ArgumentError", code });
    expect(await readdir(folder)).toEqual([]);
    await log.start(0, null as never);
    expect((await read())[0]?.["settings"]).toEqual({});
  });

  it("refuses options that mean nothing, and places that cannot be written", async () => {
    for (const options of [{ path: "" }, { path: 1 }, { path: null }])
      expect(() => new JsonLogger(options as never)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    expect(() => new JsonLogger({ paths: "a" } as never)).toThrow(expect.objectContaining({ code: "unknown_option" }));
    for (const options of [undefined, {}])
      expect(() => new JsonLogger(options as never)).toThrow(expect.objectContaining({ code: "missing_argument" }));
    await writeFile(join(folder, "file"), "");
    const log = new JsonLogger({ path: join(folder, "file/log.jsonl") });
    await expect(log.scalars(1, {})).rejects.toMatchObject({ name: "ArgumentError", code: "file_unwritable" });
    const inFolder = new JsonLogger({ path: folder });
    await expect(inFolder.scalars(1, {})).rejects.toMatchObject({ name: "ArgumentError", code: "file_unwritable" });
  });
});
