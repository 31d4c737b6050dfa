import { parseCase, parseValues } from "../../golden/format.js";
import { runCase } from "../../golden/run-case.js";
import type { Setting } from "../../golden/case-data.js";

/** Runs reference cases that are served under an address; gives each failure's message by the case's name. */
export async function golden(
  address: string,
  names: readonly string[],
  setting: Setting,
): Promise<Record<string, string>> {
  const failed: Record<string, string> = {};
  for (const name of names) {
    try {
      const [json, tensors] = await Promise.all([
        fetch(`${address}${name}.json`).then((r) => r.text()),
        fetch(`${address}${name}.safetensors`).then((r) => r.arrayBuffer()),
      ]);
      await runCase(parseCase(json, name), parseValues(new Uint8Array(tensors), name), setting);
    } catch (error) {
      failed[name] = error instanceof Error ? error.message : String(error);
    }
  }
  return failed;
}
