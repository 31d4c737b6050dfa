import { type StartThread, threadProgram } from "./thread.js";

const program = `${threadProgram}
onmessage = ({ data }) => run(data, (message) => postMessage(message));`;

/** Starts a thread in a browser: a worker. */
export const startThread: StartThread = (data, report) => {
  const url = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
  const worker = new Worker(url, { name: "adjoint" });
  const answer = (message: string): void => {
    URL.revokeObjectURL(url);
    report(message);
  };
  worker.onmessage = ({ data: message }) => answer(String(message));
  worker.onerror = ({ message }) =>
    answer(message || "the browser refused the worker; a content security policy must allow worker-src blob:");
  worker.postMessage(data);
  return worker;
};
