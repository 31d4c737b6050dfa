import type { Command } from "commander";
import { type DeviceInfo, devices, init } from "../runtime/index.js";
import { type CommonOptions, runCommand, withCommonOptions } from "./command.js";
import { softwareWarning } from "./software.js";
import { textTable } from "../text/index.js";

/** `adjoint devices`: the devices of this machine. */
export function addDevices(program: Command): void {
  withCommonOptions(
    program.command("devices").description("list the devices and whether each can be used here"),
  ).action(async (options: CommonOptions) => {
    await runCommand(options, async () => {
      // Loads what supports GPUs, where it is built.
      await init({ device: "auto" });
      const found = devices().map((device) => {
        const warning = softwareWarning(device);
        return warning === undefined ? device : { ...device, warning };
      });
      const rows = found.map((device) => [device.name, device.available ? "yes" : "no", ` ${described(device)}`]);
      const warnings = found.flatMap((device) => ("warning" in device ? [`\nwarning: ${device.warning}`] : []));
      return { text: [textTable([["device", "usable", " "], ...rows]), ...warnings].join("\n"), json: found };
    });
  });
}

/** The name of a device's adapter, what it is, its memory and driver. */
function described({ detail, kind, driver, memory }: DeviceInfo): string {
  const hardware = kind === "hardware" ? kind : `hardware, ${kind}`;
  const what = kind === undefined || kind === "other" ? [] : [kind === "software" ? kind : hardware];
  const size = memory?.total === undefined ? [] : [`${(memory.total / 2 ** 30).toFixed(1)} GiB`];
  const notes = [...what, ...size, ...(driver === undefined ? [] : [driver])];
  return notes.length === 0 ? detail : `${detail} (${notes.join("; ")})`;
}
