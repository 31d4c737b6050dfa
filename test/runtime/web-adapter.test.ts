import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { describeAdapter, gpuAdapter, hardwareGpu } from "../../ts/runtime/web/gpu.js";

const original = Object.getOwnPropertyDescriptor(globalThis, "navigator");

/** Puts a `navigator.gpu` in place whose adapter is this one. */
function offer(adapter: unknown): void {
  Object.defineProperty(globalThis, "navigator", {
    configurable: true,
    value: { gpu: { requestAdapter: async () => await Promise.resolve(adapter) } },
  });
}

beforeEach(() => offer(null));
afterEach(() => {
  if (original) Object.defineProperty(globalThis, "navigator", original);
  else Reflect.deleteProperty(globalThis, "navigator");
});

const rows = JSON.stringify([
  { name: "cpu", available: true, detail: "ready" },
  { name: "webgpu", available: true, detail: "ready" },
]);

describe("the adapter of a browser", () => {
  it.each([
    // What Chrome says of its own renderer, and browsers of Mesa's and of Microsoft's.
    [{ info: { vendor: "google", architecture: "swiftshader", device: "", description: "" } }, "google swiftshader"],
    [{ info: { vendor: "mesa", architecture: "", device: "", description: "llvmpipe (LLVM 19.1.7)" } }, "llvmpipe"],
    [{ info: { vendor: "mesa", architecture: "lavapipe" } }, "mesa lavapipe"],
    [{ info: { vendor: "microsoft", description: "Microsoft Basic Render Driver" } }, "Basic Render"],
    [{ info: { vendor: "microsoft", architecture: "warp" } }, "warp"],
    [{ info: { vendor: "x", isFallbackAdapter: true } }, "x"],
    [{ info: { vendor: "x" }, isFallbackAdapter: true }, "x"],
    [{ isFallbackAdapter: true }, "ready"],
    [{ requestAdapterInfo: async () => await Promise.resolve({ description: "SwiftShader Device" }) }, "SwiftShader"],
  ])("is software: %o", async (adapter, name) => {
    offer(adapter);
    expect(await hardwareGpu()).toBe(false);
    // Those who ask for webgpu by name get it.
    await gpuAdapter();
    expect(JSON.parse((await describeAdapter())(rows))).toEqual([
      { name: "cpu", available: true, detail: "ready" },
      { name: "webgpu", available: true, detail: expect.stringContaining(name) as string, kind: "software" },
    ]);
  });

  it.each([
    [{ info: { vendor: "nvidia", architecture: "ampere", device: "", description: "" } }, "nvidia ampere"],
    [{ info: { vendor: "apple", architecture: "metal-3", isFallbackAdapter: false } }, "apple metal-3"],
    // Words that only contain the name of a renderer.
    [{ info: { vendor: "warped", architecture: "gen-12lp" } }, "warped gen-12lp"],
    [{}, "ready"],
  ])("is hardware: %o", async (adapter, name) => {
    offer(adapter);
    expect(await hardwareGpu()).toBe(true);
    expect(JSON.parse((await describeAdapter())(rows))).toContainEqual({
      name: "webgpu",
      available: true,
      detail: name,
      kind: "hardware",
    });
  });

  it("is missing, or its module did not start it: the rows stay as they are", async () => {
    expect(await hardwareGpu()).toBe(false);
    expect((await describeAdapter())(rows)).toBe(rows);
    await expect(gpuAdapter()).rejects.toMatchObject({ code: "device_unavailable" });
    offer({ info: { vendor: "nvidia" } });
    const absent = JSON.stringify([{ name: "webgpu", available: false, detail: "why" }]);
    expect((await describeAdapter())(absent)).toBe(absent);
  });
});
