import type { Binding, Handle } from "../../ts/runtime/index.js";

/** How often values crossed between the host and the device. */
export interface Crossings {
  /** Results that the host read: it waits for all work of the device before. */
  reads: number;
  /** Arrays that the host sent. */
  uploads: number;
  /** Random numbers, which the host draws and sends. */
  draws: number;
}

/** A device that the CPU pretends to be. */
export interface PretendedDevice {
  /** For `init({ device: "webgpu", binding })`. */
  readonly binding: Binding;
  /** The crossings since this was last called. */
  take(): Crossings;
}

const none = (): Crossings => ({ reads: 0, uploads: 0, draws: 0 });

/**
 * A binding whose device `webgpu` is the CPU of another binding. The library takes every branch that it takes on a GPU:
 * what it reads, sends and draws can be counted on any machine. As on a GPU, float64 and operators on tensors of two
 * devices are refused.
 */
export function pretendDevice(inner: Binding): PretendedDevice {
  const there = new Set<Handle | 0>();
  let crossings = none();
  const onDevice = (handles: readonly (Handle | 0)[]): boolean => {
    const given = handles.filter((handle) => handle !== 0);
    const some = given.some((handle) => there.has(handle));
    if (some && !given.every((handle) => there.has(handle)))
      throw new Error("DeviceError|device_mismatch|the tensors are on two devices.");
    return some;
  };
  const placed = <H extends Handle | 0>(results: H[], isThere: boolean): H[] => {
    if (isThere) for (const handle of results) there.add(handle);
    return results;
  };
  const made = (device: string, dtype: string, count: keyof Crossings | undefined, make: () => Handle): Handle => {
    if (device !== "webgpu") return make();
    if (dtype === "float64") throw new Error("DTypeError|dtype_unsupported|webgpu has no float64.");
    if (count) crossings[count] += 1;
    return placed([make()], true)[0] as Handle;
  };
  const read = (handle: Handle): Handle => {
    if (there.has(handle)) crossings.reads += 1;
    return handle;
  };
  const binding: Binding = {
    ...inner,
    lacks: () => false,
    initDevice: () => Promise.resolve(),
    // The CPU computes in float32 all the same.
    setPrecision: () => undefined,
    devices: () => JSON.stringify([{ name: "webgpu", available: true, detail: "pretended by the CPU" }]),
    apply: (op, handles, ints, floats) => placed(inner.apply(op, handles, ints, floats), onDevice(handles)),
    fromData: (data, shape, device) =>
      made(device, data instanceof Float64Array ? "float64" : "float32", "uploads", () =>
        inner.fromData(data, shape, "cpu"),
      ),
    full: (shape, value, dtype, device) => made(device, dtype, undefined, () => inner.full(shape, value, dtype, "cpu")),
    info: (handle) => {
      const found = JSON.parse(inner.info(handle)) as object;
      return JSON.stringify(there.has(handle) ? { ...found, device: "webgpu" } : found);
    },
    readSync: (handle) => inner.readSync(read(handle)),
    read: async (handle) => await inner.read(read(handle)),
    toDevice: (handle, device) => {
      if (device !== "webgpu") return inner.toDevice(read(handle), "cpu");
      const { dtype } = JSON.parse(inner.info(handle)) as { dtype: string };
      return made(device, dtype, "uploads", () => inner.toDevice(handle, "cpu"));
    },
    dispose: (handle) => {
      there.delete(handle);
      inner.dispose(handle);
    },
    grad: (outputs, inputs, gradOutputs, createGraph) =>
      placed(inner.grad(outputs, inputs, gradOutputs, createGraph), onDevice(inputs)),
    // The rates and counts that a draw follows are needed where it is drawn.
    rngDraw: (handle, kind, shape, params, of, dtype, device) =>
      made(device, dtype, "draws", () =>
        inner.rngDraw(handle, kind, shape, params, of === 0 ? 0 : read(of), dtype, "cpu"),
      ),
  };
  const { applyOne } = inner;
  if (applyOne)
    binding.applyOne = (op, a, b, value) => placed([applyOne(op, a, b, value)], onDevice([a, b]))[0] as Handle;
  // Handles are forgotten one by one.
  binding.disposeAll = (handles) => {
    for (const handle of handles) binding.dispose(handle as Handle);
  };
  return {
    binding,
    take: () => {
      const found = crossings;
      crossings = none();
      return found;
    },
  };
}
