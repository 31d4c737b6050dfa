import { beforeAll, describe, it } from "vitest";
import { init, type DeviceName } from "../ts/runtime/index.js";

/**
 * The same tests on every device that starts here: `cpu`, and `webgpu` where a driver is present (a software one will
 * do). An absent device is reported as one skipped test that carries its name and the reason.
 */
export async function eachDevice(title: string, body: (device: DeviceName) => void): Promise<void> {
  for (const device of ["cpu", "webgpu"] as const) {
    let reason: string | undefined;
    try {
      await init({ device });
    } catch (error) {
      if (device === "cpu") throw error;
      reason = error instanceof Error ? error.message : String(error);
    }
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
