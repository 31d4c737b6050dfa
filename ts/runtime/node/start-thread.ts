import { Worker } from "node:worker_threads";
import { type StartThread, threadProgram } from "../web/thread.js";

const program = `${threadProgram}
const { parentPort, workerData } = require("node:worker_threads");
run(workerData, (message) => parentPort.postMessage(message));`;

/** Starts a thread of the WebAssembly module in Node: a worker thread. */
export const startThread: StartThread = (data, report) => {
  const worker = new Worker(program, { eval: true, workerData: data, execArgv: [] });
  worker.on("message", report);
  worker.on("error", (error: Error) => report(error.message));
  return {
    terminate: () => void worker.terminate(),
    hold: (on) => (on ? worker.ref() : worker.unref()),
  };
};
