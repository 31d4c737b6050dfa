import { existsSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { DeviceError } from "../errors.js";
import type { Mpi } from "../platform.js";
import { launcherOf, refuseAlone } from "./launcher.js";

/** What the add-on of crates/mpi exports. */
interface MpiAddOn {
  init(): { rank: number; size: number };
  send(to: number, bytes: Uint8Array): Promise<unknown>;
  receive(from: number): Promise<Uint8Array>;
  abort(code: number): void;
  finish(): void;
}

/** Where `npm run build:mpi` puts the add-on. The same relative path holds from the sources and from the package. */
const file = fileURLToPath(new URL("../../../dist/native/adjoint-mpi.node", import.meta.url));

/** Milliseconds that a failing process leaves the others, so that each can say why it ends. */
const LAST_WORDS = 500;

/** The number of processes that a launcher says it has started; infinite where it does not tell how many. */
export function launchedProcesses(): number {
  const launcher = launcherOf(process.env);
  return launcher ? (launcher.size ?? Infinity) : 1;
}

let joined: Mpi | undefined;

/**
 * Joins the MPI job of this process, once; it leaves the job when it ends: with the others after success, and ending
 * all after a failure.
 *
 * @throws DeviceError `mpi_missing`, `mpi_load_failed`. ArgumentError `group_incomplete`.
 */
export function joinMpi(): Mpi {
  const launcher = launcherOf(process.env);
  if (launcher?.hopeless) refuseAlone(launcher);
  joined ??= join(loadAddOn(file));
  return joined;
}

/** @throws DeviceError `mpi_missing`, `mpi_load_failed`. */
export function loadAddOn(path: string): MpiAddOn {
  if (!existsSync(path)) {
    throw new DeviceError(
      `distributed.mpi: the add-on for MPI is missing (looked for ${path}); run npm run build:mpi in a clone of the ` +
        "repository (needs Rust, libclang and an MPI library, of Debian: libopenmpi-dev openmpi-bin libclang-dev).",
      "mpi_missing",
    );
  }
  try {
    return createRequire(import.meta.url)(path) as MpiAddOn;
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceError(
      `distributed.mpi: the add-on for MPI does not load (${text}); install the MPI library that it was built with, ` +
        "or build it again on this machine with npm run build:mpi.",
      "mpi_load_failed",
      { cause },
    );
  }
}

function join(addOn: MpiAddOn): Mpi {
  const { rank, size } = addOn.init();
  const launcher = launcherOf(process.env);
  if (size === 1 && launcher?.size !== undefined) refuseAlone(launcher);
  leaveAtExit(addOn);
  return {
    rank,
    size,
    send: async (to, bytes) => void (await addOn.send(to, bytes)),
    receive: async (from) => await addOn.receive(from),
    abort(text) {
      process.stderr.write(`adjoint: rank ${rank}: ${text}\n`);
      addOn.abort(1);
    },
  };
}

function leaveAtExit(addOn: MpiAddOn): void {
  let uncaught: unknown;
  process.on("uncaughtExceptionMonitor", (error) => (uncaught = error));
  process.once("exit", (code) => {
    if (code === 0) return addOn.finish();
    // Node would print it after this event.
    if (uncaught !== undefined) writeSync(process.stderr.fd, `${inspect(uncaught)}\n`);
    wait(LAST_WORDS);
    addOn.abort(code);
    // The thread that calls MPI ends this process.
    wait(LAST_WORDS);
  });
}

/** Blocks this thread for some milliseconds. */
function wait(time: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, time);
}
