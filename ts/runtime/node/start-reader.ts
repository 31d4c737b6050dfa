import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { ReaderEvents, ReaderThread } from "../platform.js";

/** What the thread runs. The same relative path holds from the sources and from the package. */
const module = new URL("../../../dist/io/serve-pages.js", import.meta.url);

const program = `
const { parentPort, workerData } = require("node:worker_threads");
import(workerData.module).then(({ servePages }) => {
  const answer = (message, transfer) => parentPort.postMessage(message, transfer);
  parentPort.on("message", servePages(workerData.thread, answer));
});`;

/** Starts a thread that reads pages of images: a worker thread. Throws where its module is missing, as in a bundle. */
export function startReader(thread: number, { onMessage, onEnd }: ReaderEvents): ReaderThread {
  if (!existsSync(module)) throw new Error(`${fileURLToPath(module)} is missing`);
  const worker = new Worker(program, { eval: true, workerData: { module: module.href, thread }, execArgv: [] });
  let ended = false;
  const end = (reason: string): void => {
    if (!ended) onEnd(reason);
    ended = true;
  };
  worker.on("message", onMessage);
  worker.on("error", (error: Error) => end(error.message));
  worker.on("exit", (code) => end(`a thread ended with ${code}`));
  return {
    post: (message) => worker.postMessage(message),
    hold: (on) => (on ? worker.ref() : worker.unref()),
    end() {
      ended = true;
      void worker.terminate();
    },
  };
}
