import { describe, expect, it, vi } from "vitest";
import { type Binding, binding, bindingIfAny, currentDevice, devices, init } from "../../ts/runtime/index.js";
import { loadNative } from "../../ts/runtime/node/add-on.js";
import { tensor } from "../../ts/tensor/index.js";

const error = (name: string, code: string) => expect.objectContaining({ name, code });

/** The add-on with some functions replaced. */
const modified = (changes: Partial<Binding>): Binding => ({ ...loadNative("cpu"), ...changes });

describe("init", () => {
  it("is required before a tensor is created", () => {
    expect(bindingIfAny()).toBeUndefined();
    expect(() => tensor([1])).toThrow(error("ArgumentError", "not_initialised"));
    expect(() => devices()).toThrow(error("ArgumentError", "not_initialised"));
  });

  it("refuses an unknown device, an unknown option and an incomplete binding", async () => {
    await expect(init({ device: "gpu" as never })).rejects.toEqual(error("ArgumentError", "invalid_argument"));
    await expect(init({ devise: "cpu" } as never)).rejects.toEqual(error("ArgumentError", "unknown_option"));
    const { apply: _apply, ...incomplete } = loadNative("cpu");
    await expect(init({ binding: incomplete as Binding })).rejects.toMatchObject({
      code: "bad_binding",
      message: expect.stringContaining("apply"),
    });
    expect(bindingIfAny()).toBeUndefined();
  });

  it("loads one binding for concurrent calls and keeps it", async () => {
    await Promise.all([init(), init()]);
    const first = binding();
    const kept = tensor([1, 2]);
    await init({ device: "cpu" });
    expect(binding()).toBe(first);
    expect(currentDevice()).toBe("cpu");
    expect(kept.add(1).dataSync()).toEqual(Float32Array.of(2, 3));
    expect(devices()).toContainEqual(expect.objectContaining({ name: "cpu", available: true }));
  });

  it("keeps the previous runtime where the WebAssembly module cannot be read", async () => {
    const lacking = modified({ lacks: () => true });
    await expect(init({ binding: lacking, wasm: "/none/adjoint.wasm" })).rejects.toEqual(
      error("DeviceError", "wasm_load_failed"),
    );
    expect(tensor([1]).add(1).dataSync()).toEqual(Float32Array.of(2));
  });
});

describe("the add-ons", () => {
  it("for the CPU is replaced by the one with GPUs when a GPU is requested, and its tensors say so", async () => {
    const cpu = loadNative("cpu");
    expect(["cpu", "webgpu", "cuda", "auto"].map((device) => cpu.lacks?.(device))).toEqual([false, true, true, true]);
    expect(loadNative("webgpu").lacks?.("cpu") ?? false).toBe(false);
    await init({ binding: cpu });
    const old = tensor([1, 2]);
    // A GPU is present or not; in both cases a runtime that works remains.
    const failed = await init({ device: "webgpu" }).then(
      () => undefined,
      (reason: { code: string }) => reason.code,
    );
    expect([undefined, "device_unavailable"]).toContain(failed);
    await init({ device: "cpu" });
    if (failed === undefined) expect(() => old.add(1)).toThrow(error("ArgumentError", "disposed"));
    else expect(old.add(1).dataSync()).toEqual(Float32Array.of(2, 3));
    expect(tensor([1]).add(1).dataSync()).toEqual(Float32Array.of(2));
  });
});

describe("auto", () => {
  /** The add-on with a webgpu that starts and is of some kind; it remembers what was started. */
  const withGpu = (kind: string | undefined, started: string[] = []): Binding =>
    modified({
      lacks: () => false,
      initDevice: async (device) => void started.push(await Promise.resolve(device)),
      devices: () =>
        JSON.stringify([
          { name: "cpu", available: true, detail: "ready" },
          { name: "webgpu", available: true, detail: "a name", ...(kind === undefined ? {} : { kind }) },
        ]),
    });

  it.each([
    ["discrete", "webgpu"],
    ["integrated", "webgpu"],
    ["virtual", "webgpu"],
    ["hardware", "webgpu"],
    ["other", "webgpu"],
    [undefined, "webgpu"],
    ["software", "cpu"],
  ])("with an adapter of kind %s is %s", async (kind, device) => {
    const started: string[] = [];
    await init({ device: "auto", binding: withGpu(kind, started) });
    expect(currentDevice()).toBe(device);
    // The last one started is the one that computes.
    expect(started.at(-1)).toBe(device);
    await init({ device: "cpu", binding: loadNative("cpu") });
  });

  it("is what is here: a graphics card, else the cpu", async () => {
    await init({ device: "auto" });
    const gpu = devices().find(({ name }) => name === "webgpu");
    expect(currentDevice()).toBe(gpu?.available && gpu.kind !== "software" ? "webgpu" : "cpu");
    if (gpu?.available) expect(gpu.kind).toMatch(/^(discrete|integrated|virtual|software|other)$/);
    expect(tensor([1]).add(1).device).toBe(currentDevice());
    await init({ device: "cpu", binding: loadNative("cpu") });
  });

  it("leaves a renderer in software to those who ask for it by name", async () => {
    // The warning comes once in a process, and another test may have had it.
    vi.resetModules();
    const fresh = await import("../../ts/runtime/index.js");
    await import("../../ts/node.js");
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    await fresh.init({ device: "webgpu", binding: withGpu("software") });
    await fresh.init({ device: "webgpu", binding: withGpu("software") });
    // Once, in one line.
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/^adjoint: webgpu is a renderer in software .*use init\(/)],
    ]);
    warn.mockRestore();
    expect(fresh.currentDevice()).toBe("webgpu");
    expect(fresh.devices()).toContainEqual({ name: "webgpu", available: true, detail: "a name", kind: "software" });
  });
});

describe("a lost binding", () => {
  it("rejects what waits and every later call, and init() starts a new runtime", async () => {
    let lose: (reason: string) => void = () => undefined;
    const lost = new Promise<string>((resolve) => (lose = resolve));
    await init({ binding: modified({ lost, read: async () => await new Promise(() => undefined) }) });
    const old = tensor([1, 2]);
    const waiting = old.data();
    lose("the graphics device was lost");
    await expect(waiting).rejects.toMatchObject({
      name: "DeviceError",
      code: "runtime_lost",
      message: expect.stringMatching(/^the graphics device was lost: .*await init\(\)/),
    });
    expect(() => tensor([1])).toThrow(error("DeviceError", "runtime_lost"));
    expect(() => binding()).toThrow(error("DeviceError", "runtime_lost"));
    expect(bindingIfAny()).toBeUndefined();
    old.dispose();
    await init();
    expect(tensor([1]).add(1).dataSync()).toEqual(Float32Array.of(2));
  });

  it("is one whose call failed fatally; other errors leave it usable", async () => {
    const fails = (text: string) => () => {
      throw new Error(text);
    };
    const failing = modified({
      memory: fails("ShapeError|shape_mismatch|memory: two shapes."),
      devices: fails("trap"),
    });
    await init({ binding: { ...failing, isFatal: (cause) => (cause as Error).message === "trap" } });
    expect(() => binding().memory()).toThrow(error("ShapeError", "shape_mismatch"));
    expect(tensor([1]).add(1).dataSync()).toEqual(Float32Array.of(2));
    expect(() => devices()).toThrow(error("DeviceError", "runtime_lost"));
    expect(() => devices()).toThrow(error("DeviceError", "runtime_lost"));
    await init();
    expect(devices().length).toBeGreaterThan(0);
  });
});
