import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A file of the compiled package, which is compiled first if `npm test` has not done it. */
export function compiled(path: string): string {
  const main = `${root}dist/cli/main.js`;
  if (!existsSync(main))
    execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, "-p", `${root}tsconfig.json`], {
      stdio: "inherit",
    });
  return `${root}dist/${path}`;
}

/** Exit code and output of a process. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Node and waits; `onStderr` is given all of standard error so far and may send a signal. */
export async function node(
  args: readonly string[],
  onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void,
): Promise<Ended> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    onStderr?.(stderr, (signal) => child.kill(signal));
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, stdout, stderr };
}

/** Runs the `adjoint` command. */
export async function adjoint(args: readonly string[], onStderr?: Parameters<typeof node>[1]): Promise<Ended> {
  return await node([compiled("cli/main.js"), ...args], onStderr);
}
