import { spawn } from "node:child_process";
import { pathToFileURL } from "node:url";
import { compiled } from "../cli/compiled.js";

/** How a program in a process of its own ended. */
export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
}

/**
 * Runs a program that finds the compiled package as `lib`, with a limit on its address space in KiB where the system
 * has one.
 */
export async function inChild(program: string, addressSpace?: number): Promise<Outcome> {
  const url = pathToFileURL(compiled("node.js")).href;
  const text = `import * as lib from ${JSON.stringify(url)};\nawait lib.init();\n${program}`;
  const node = [process.execPath, "--input-type=module", "-e", text];
  const limited = addressSpace !== undefined && process.platform === "linux";
  const [command = "", ...args] = limited ? ["sh", "-c", `ulimit -v ${addressSpace}; exec "$0" "$@"`, ...node] : node;
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  return await new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal, stdout })));
}
