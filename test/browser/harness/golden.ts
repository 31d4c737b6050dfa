import { parseCase, parseValues } from "../../golden/format.js";
import { runCase } from "../../golden/run-case.js";
import type { Setting } from "../../golden/case-data.js";

/** Runs the reference cases at a URL; returns the messages of those that fail, by name. */
export async function golden(
  baseUrl: string,
  names: readonly string[],
  setting: Setting,
): Promise<Record<string, string>> {
  const failed: Record<string, string> = {};
  for (const name of names) {
    try {
      const [json, tensors] = await Promise.all([
        fetch(`${baseUrl}${name}.json`).then((r) => r.text()),
        fetch(`${baseUrl}${name}.safetensors`).then((r) => r.arrayBuffer()),
      ]);
      await runCase(parseCase(json, name), parseValues(new Uint8Array(tensors), name), setting);
    } catch (error) {
      failed[name] = error instanceof Error ? error.message : String(error);
    }
  }
  return failed;
}
