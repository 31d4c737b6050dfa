import type { Command } from "commander";
import { devices } from "../runtime/index.js";
import { type CommonOptions, runCommand, withCommonOptions } from "./command.js";
import { textTable } from "./table.js";

/** `adjoint devices`: the devices of this machine. */
export function addDevices(program: Command): void {
  withCommonOptions(
    program.command("devices").description("list the devices and whether each can be used here"),
  ).action(async (options: CommonOptions) => {
    await runCommand(options, async () => {
      const found = devices();
      const rows = found.map(({ name, available, detail }) => [name, available ? "yes" : "no", ` ${detail}`]);
      return { text: textTable([["device", "usable", " "], ...rows]), json: found };
    });
  });
}
