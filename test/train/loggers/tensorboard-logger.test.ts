import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { decodePixels } from "../../../ts/io/index.js";
import { init } from "../../../ts/runtime/index.js";
import { memory, tensor, zeros } from "../../../ts/tensor/index.js";
import { TensorBoardLogger } from "../../../ts/train/index.js";
import { crc32c as written } from "../../../ts/formats/index.js";
import { frame } from "../../../ts/train/loggers/tensorboard-events.js";
import { crc32c, events, type ReadEvent, records } from "./events.js";

beforeAll(() => init({ device: "cpu" }));

let folder = "";
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "adjoint-tensorboard-")), "run");
});
afterEach(() => rm(join(folder, ".."), { recursive: true }));

/** The events of each file, in the order in which TensorBoard reads them. */
async function readAll(): Promise<ReadEvent[][]> {
  const files = (await readdir(folder)).sort();
  for (const file of files) expect(file).toMatch(/^events\.out\.tfevents\.\d{10}\.adjoint$/);
  return await Promise.all(files.map(async (file) => events(await readFile(join(folder, file)))));
}

describe("records", () => {
  it("have the checksums of RFC 3720, B.4", () => {
    const increasing = Uint8Array.from({ length: 32 }, (_, i) => i);
    const command = Uint8Array.from({ length: 48 }, () => 0);
    command.set([0x01, 0xc0]);
    command.set([0x14], 16);
    command.set([0x04], 22);
    command.set([0x14], 27);
    command.set([0x18], 31);
    command.set([0x28], 32);
    command.set([0x02], 40);
    for (const checksum of [written, crc32c]) {
      expect(checksum(new Uint8Array(32))).toBe(0x8a9136aa);
      expect(checksum(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
      expect(checksum(increasing)).toBe(0x46dd794e);
      expect(checksum(increasing.slice().reverse())).toBe(0x113fdb5c);
      expect(checksum(command)).toBe(0xd9963a56);
    }
  });

  it("are read back, and a changed byte is found", () => {
    const data = Uint8Array.from({ length: 300 }, (_, i) => i % 256);
    const file = Buffer.from(frame(data));
    expect(records(file)).toEqual([Buffer.from(data)]);
    for (const at of [0, 20, 311]) {
      const changed = Buffer.from(file);
      changed[at] = (changed[at] as number) ^ 1;
      expect(() => records(changed)).toThrow();
    }
  });
});

describe("TensorBoardLogger", () => {
  it("writes values and settings, each call on disk at once", async () => {
    const log = new TensorBoardLogger({ folder });
    await log.start(0, { model: "DnCNN" });
    await log.scalars(1, { "train/loss": 0.25, learningRate: 1e-3 });
    await log.scalars(70_000, { "eval/PSNR": NaN });
    const [file] = await readAll();
    const [version, start, settings, first, second] = file ?? [];
    expect(version).toMatchObject({ fileVersion: "brain.Event:2", step: 0 });
    expect(start).toMatchObject({ sessionStatus: 1, step: 1 });
    expect(settings?.values).toEqual([{ tag: "settings", text: '    {\n      "model": "DnCNN"\n    }' }]);
    expect(first).toMatchObject({ step: 1 });
    expect(first?.values).toEqual([
      { tag: "train/loss", scalar: 0.25 },
      { tag: "learningRate", scalar: Math.fround(1e-3) },
    ]);
    expect(second).toMatchObject({ step: 70_000, values: [{ tag: "eval/PSNR", scalar: NaN }] });
    expect(Math.abs((first?.wallTime ?? 0) - Date.now() / 1000)).toBeLessThan(60);
    expect(file).toHaveLength(5);
    log.close();
  });

  it("writes images as PNG files: grey, colour, complex, and many channels one by one", async () => {
    const log = new TensorBoardLogger({ folder });
    await log.start(0);
    const before = memory().tensors;
    const images = {
      grey: tensor([0, 0.5, 1, 2, -1, 0.2], { shape: [1, 2, 3] }),
      colour: tensor([1, 0, 0], { shape: [3, 1, 1] }),
      complex: tensor([0.6, -0.3, 0.8, 0.4], { shape: [2, 1, 2] }),
      bands: tensor([0, 0.25, 0.5, 1], { shape: [4, 1, 1] }),
    };
    await log.images(5, images);
    expect(memory().tensors).toBeLessThanOrEqual(before + 4);
    const [file] = await readAll();
    const values = file?.slice(2).flatMap((event) => event.values) ?? [];
    expect(values.map(({ tag }) => tag)).toEqual([
      "grey",
      "colour",
      "complex",
      "bands/0",
      "bands/1",
      "bands/2",
      "bands/3",
    ]);
    const decoded = await Promise.all(
      values.map(async ({ image }) => {
        const { data, shape } = await decodePixels(new Uint8Array(image?.png ?? Buffer.of()));
        expect([image?.colorspace, image?.height, image?.width]).toEqual(shape);
        return Array.from(data, (v) => Math.round(255 * v));
      }),
    );
    expect(decoded).toEqual([[0, 128, 255, 255, 0, 51], [255, 0, 0], [255, 128], [0], [64], [128], [255]]);
    await expect(log.images(6, { bad: zeros([2, 2]) })).rejects.toMatchObject({ code: "shape_mismatch" });
  });

  it("shows another range of values, or that of each image", async () => {
    for (const [range, expected] of [
      [
        [-1, 1],
        [128, 191],
      ],
      ["auto", [0, 255]],
    ] as const) {
      const log = new TensorBoardLogger({ folder, range });
      await log.start(0);
      await log.images(1, { image: tensor([0, 0.5], { shape: [1, 1, 2] }) });
      const png = (await readAll()).at(-1)?.at(-1)?.values[0]?.image?.png;
      const { data } = await decodePixels(new Uint8Array(png ?? Buffer.of()));
      expect(Array.from(data, (v) => Math.round(255 * v))).toEqual(expected);
    }
    const flat = new TensorBoardLogger({ folder, range: "auto" });
    await flat.images(1, { image: tensor([3, 3], { shape: [1, 1, 2] }) });
    expect((await readAll()).at(-1)?.at(-1)?.values[0]?.tag).toBe("image");
  });

  it("a run that continues writes a later file, whose mark voids what comes after its step", async () => {
    const log = new TensorBoardLogger({ folder });
    await log.start(0);
    for (const step of [1, 2, 3]) await log.scalars(step, { loss: step });
    log.close();
    // The same second, and clocks that were put back, must not change the order.
    for (const step of [2, 4]) {
      const resumed = new TensorBoardLogger({ folder });
      await resumed.start(step);
      await resumed.scalars(step + 1, { loss: 10 * step });
    }
    const files = await readAll();
    expect(files.map((file) => file[1])).toMatchObject([
      { sessionStatus: 1, step: 1 },
      { sessionStatus: 1, step: 3 },
      { sessionStatus: 1, step: 5 },
    ]);
    expect(files.map((file) => file.slice(2).map(({ step }) => step))).toEqual([[1, 2, 3], [3], [5]]);
  });

  it("starts by itself where start was not called", async () => {
    const log = new TensorBoardLogger({ folder });
    await log.scalars(0, { loss: 1 });
    expect((await readAll())[0]?.map(({ step }) => step)).toEqual([0, 0, 0]);
  });

  it("refuses steps, values, images and settings that mean nothing", async () => {
    const log = new TensorBoardLogger({ folder });
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    const refused = { name: "ArgumentError", code: "invalid_argument" };
    for (const step of [-1, 1.5, NaN, "1", undefined]) {
      await expect(log.start(step as never)).rejects.toMatchObject(refused);
      await expect(log.scalars(step as never, {})).rejects.toMatchObject(refused);
    }
    for (const values of [null, undefined, 1, { loss: "1" }, { loss: null }])
      await expect(log.scalars(1, values as never)).rejects.toMatchObject(refused);
    await expect(log.images(1, { image: [1] } as never)).rejects.toMatchObject(refused);
    await expect(log.start(0, circle)).rejects.toMatchObject(refused);
    await expect(readdir(folder)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("refuses options that mean nothing, and places that cannot be written", async () => {
    for (const options of [
      { folder: "" },
      { folder: 1 },
      { folder, range: [1, 0] },
      { folder, range: "all" },
      { folder, range: [0] },
    ])
      expect(() => new TensorBoardLogger(options as never)).toThrow(
        expect.objectContaining({ code: "invalid_argument" }),
      );
    for (const options of [undefined, {}])
      expect(() => new TensorBoardLogger(options as never)).toThrow(
        expect.objectContaining({ code: "missing_argument" }),
      );
    expect(() => new TensorBoardLogger({ folders: "a" } as never)).toThrow(
      expect.objectContaining({ code: "unknown_option" }),
    );
    await writeFile(folder, "");
    await expect(new TensorBoardLogger({ folder }).start(0)).rejects.toMatchObject({
      name: "ArgumentError",
      code: "file_unwritable",
    });
  });
});

/** A Python that can import tensorboard: $ADJOINT_PYTHON, or python3. */
const python = [process.env["ADJOINT_PYTHON"], "python3"].find((program) => {
  try {
    if (program) execFileSync(program, ["-c", "import tensorboard"], { stdio: "ignore" });
    return program !== undefined;
  } catch {
    return false;
  }
});

const script = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
log = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0, "tensors": 0})
log.Reload()
print(json.dumps({
    "scalars": {tag: [[e.step, e.value] for e in log.Scalars(tag)] for tag in log.Tags()["scalars"]},
    "images": {tag: [[e.step, e.width, e.height] for e in log.Images(tag)] for tag in log.Tags()["images"]},
    "text": {tag: log.Tensors(tag)[0].tensor_proto.string_val[0].decode() for tag in log.Tags()["tensors"]},
}))
`;

describe.skipIf(python === undefined)("where Python's tensorboard is installed", () => {
  it("TensorBoard reads values, images and settings, and shows no step of a continued run twice", async () => {
    const log = new TensorBoardLogger({ folder });
    await log.start(0, { seed: 7 });
    for (const step of [1, 2, 3]) await log.scalars(step, { "train/loss": step });
    await log.images(2, { "eval/image": zeros([1, 3, 5]) });
    const resumed = new TensorBoardLogger({ folder });
    await resumed.start(2);
    for (const step of [3, 4]) await resumed.scalars(step, { "train/loss": 10 * step });
    const output = execFileSync(python as string, ["-c", script, folder], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect(JSON.parse(output)).toEqual({
      scalars: {
        "train/loss": [
          [1, 1],
          [2, 2],
          [3, 30],
          [4, 40],
        ],
      },
      images: { "eval/image": [[2, 5, 3]] },
      text: { settings: '    {\n      "seed": 7\n    }' },
    });
  }, 60_000);
});
