import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Binding } from "../binding.js";
import { deviceKind } from "../device-name.js";
import { DeviceError } from "../errors.js";
import type { RequestedDevice } from "../platform.js";
import { warnOnce } from "../warn.js";
import { remedy } from "./missing.js";
import { platformAddOn, platformPackage } from "./platform-package.js";
import { processors } from "./processors.js";

/** The add-ons: one for the CPU, and one, about ten times as large, for the CPU and GPUs. */
const files = { cpu: "adjoint.node", gpu: "adjoint-gpu.node" } as const;

/** Where an add-on is built to. The same relative path holds from the sources and from the compiled package. */
const builtPath = (addOn: keyof typeof files): string =>
  fileURLToPath(new URL(`../../../dist/native/${files[addOn]}`, import.meta.url));

/** The path of an add-on: the one built here, or for the CPU that of an installed platform package. */
const pathOf = (addOn: keyof typeof files): string =>
  (addOn === "cpu" && !existsSync(builtPath("cpu")) ? platformAddOn() : undefined) ?? builtPath(addOn);

/**
 * Loads the add-on that supports a device: for `"cpu"` the one without GPUs where it is built, for `"auto"` the one
 * with GPUs where it is built.
 *
 * @throws DeviceError `native_missing` where it is not built; `native_load_failed` where it does not load.
 */
export function loadNative(device: RequestedDevice): Binding {
  const built = { cpu: existsSync(pathOf("cpu")), gpu: existsSync(pathOf("gpu")) };
  if (isGpu(device) && !built.gpu) {
    throw new DeviceError(
      `${device}: the add-on with GPUs is missing (looked for ${pathOf("gpu")}); ${remedy("npm run build:gpu")}, ` +
        'or use device "cpu".',
      "native_missing",
    );
  }
  if (!built.cpu && !built.gpu) {
    throw new DeviceError(
      `the native add-on is missing: the package ${platformPackage()} is not installed, and there is no ` +
        `${pathOf("cpu")}; ${remedy("npm run build")}.`,
      "native_missing",
    );
  }
  const addOn = built.gpu && (device !== "cpu" || !built.cpu) ? "gpu" : "cpu";
  let usable = built.gpu;
  if (addOn === "gpu") {
    try {
      return load(pathOf("gpu"));
    } catch (error) {
      // Where the one with GPUs does not load, "auto" is the cpu.
      if (device !== "auto" || !built.cpu) throw error;
      usable = false;
    }
  }
  const binding = load(pathOf("cpu"));
  return { ...binding, lacks: (other) => isGpu(other) || (other === "auto" && usable) };
}

/** Whether only the add-on with GPUs supports a device. */
export function isGpu(device: string): boolean {
  return ["webgpu", "cuda"].includes(deviceKind(device));
}

function load(path: string): Binding {
  try {
    return Object.assign(createRequire(import.meta.url)(path) as Binding, { setThreads });
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceError(
      `the native add-on does not load (${text}); if it was built for another platform, ${remedy("npm run build")}.`,
      "native_load_failed",
      { cause },
    );
  }
}

/** The add-on starts its threads once, as many as there are processors. */
async function setThreads(count: number): Promise<void> {
  if (count !== processors())
    warnOnce(
      `the add-on computes with ${processors()} threads, not ${count}; set the environment variable ` +
        `RAYON_NUM_THREADS=${count}, or use the WebAssembly module.`,
    );
}
