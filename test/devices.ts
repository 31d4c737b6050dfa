import { beforeAll, describe, it } from "vitest";
import { init, type DeviceName } from "../ts/runtime/index.js";

const all: readonly DeviceName[] = ["cpu", "webgpu", "cuda"];

/**
 * The devices to test: all, or those that `ADJOINT_DEVICES` lists, such as `cpu,cuda`.
 *
 * @throws Error where it lists something else.
 */
export function chosenDevices(list = process.env.ADJOINT_DEVICES): readonly DeviceName[] {
  if (!list) return all;
  return list.split(",").map((word) => {
    const device = all.find((name) => name === word.trim());
    if (device === undefined) throw new Error(`ADJOINT_DEVICES names ${word}, expected some of ${all.join(", ")}.`);
    return device;
  });
}

/** Why a device does not start here; undefined where it does, and is then the default device. */
export async function whyAbsent(device: DeviceName): Promise<string | undefined> {
  try {
    await init({ device });
    return undefined;
  } catch (error) {
    if (device === "cpu") throw error;
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * The same tests on every device that starts here (a driver in software will do for `webgpu`) and that
 * `ADJOINT_DEVICES` names. An absent device is one skipped test that carries its name and the reason.
 */
export async function eachDevice(title: string, body: (device: DeviceName) => void): Promise<void> {
  for (const device of chosenDevices()) {
    const reason = await whyAbsent(device);
    if (reason !== undefined) {
      it.skip(`${title} on ${device}: ${reason}`, () => undefined);
      continue;
    }
    describe(`${title} on ${device}`, () => {
      beforeAll(async () => await init({ device }));
      body(device);
    });
  }
  await init({ device: "cpu" });
}
