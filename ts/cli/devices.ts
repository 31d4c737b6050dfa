import type { Command } from "commander";
import { devices } from "../runtime/index.js";
import { type CommonOptions, run, textTable, withCommonOptions } from "./common.js";

/** `adjoint devices`: where this machine can compute. */
export function addDevices(program: Command): void {
  withCommonOptions(
    program.command("devices").description("list the devices and whether each can be used here"),
  ).action(async (options: CommonOptions) => {
    await run(options, async () => {
      const found = devices();
      const rows = found.map(({ name, available, detail }) => [name, available ? "yes" : "no", ` ${detail}`]);
      return { text: textTable([["device", "usable", " "], ...rows]), json: found };
    });
  });
}
