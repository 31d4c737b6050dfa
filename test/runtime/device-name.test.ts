import { describe, expect, expectTypeOf, it } from "vitest";
import { type Binding, currentDevice, type DeviceName, init } from "../../ts/runtime/index.js";
import { loadNative } from "../../ts/runtime/node/add-on.js";
import { tensor } from "../../ts/tensor/index.js";

/** The add-on for the CPU, which pretends that every device starts. */
function everyDevice(started: string[]): Binding {
  return {
    ...loadNative("cpu"),
    lacks: () => false,
    initDevice: async (device) => void started.push(await Promise.resolve(device)),
  };
}

describe("the name of a device", () => {
  it.each([
    ["cpu", "cpu"],
    ["webgpu", "webgpu"],
    ["webgpu:high-performance", "webgpu"],
    ["webgpu:low-power", "webgpu:low-power"],
    ["webgpu:0", "webgpu:0"],
    ["webgpu:12", "webgpu:12"],
    ["cuda", "cuda"],
    ["cuda:0", "cuda"],
    ["cuda:1", "cuda:1"],
  ] as const)("%s starts %s, the name of its tensors", async (device, name) => {
    const started: string[] = [];
    await init({ device, binding: everyDevice(started) });
    expect(started).toEqual([name]);
    expect(currentDevice()).toBe(name);
    await init({ binding: loadNative("cpu") });
  });

  it.each(["gpu", "cpu:0", "cuda:", "cuda:-1", "cuda:01", "cuda:1.5", "cuda:low-power", "webgpu:fast", "CUDA", ""])(
    "is not %j",
    async (device) => {
      const refused = expect.objectContaining({ name: "ArgumentError", code: "invalid_argument" });
      await expect(init({ device: device as DeviceName })).rejects.toEqual(refused);
      expect(() => tensor([1], { device: device as DeviceName })).toThrow(refused);
    },
  );

  it("has a type that knows cards by number", () => {
    expectTypeOf<"cuda:1">().toExtend<DeviceName>();
    expectTypeOf<"webgpu:low-power">().toExtend<DeviceName>();
    expectTypeOf<"webgpu:slow">().not.toExtend<DeviceName>();
    expectTypeOf<"cpu:1">().not.toExtend<DeviceName>();
  });

  it("is known to the core too, which says what the build lacks", async () => {
    const cpu = loadNative("cpu");
    await expect(cpu.initDevice("cuda:1")).rejects.toThrow(/^DeviceError\|device_unavailable\|cuda:1: /);
    await expect(cpu.initDevice("webgpu:low-power")).rejects.toThrow(
      /^DeviceError\|device_unavailable\|webgpu:low-power: /,
    );
    await expect(cpu.initDevice("cuda:x")).rejects.toThrow(/^DeviceError\|unknown_device\|/);
  });
});
