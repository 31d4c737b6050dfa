// The worker: measures a sample, learns, cleans. It gets and gives plain messages, so that the page stays responsive.
import { devices, init } from "adjoint";
import { Run } from "./run.js";

let run;

const work = {
  async start(message) {
    await init();
    const [device] = devices().filter(({ available }) => available);
    run = new Run(message, (kind, content) => postMessage({ kind, ...content }));
    postMessage({ kind: "ready", device: device.name === "cpu" ? "cpu (WebAssembly)" : device.name, ...(await run.measure()) });
    await run.train();
  },
  pause: () => run?.pause(),
  resume: () => run?.train(),
  stop: () => run?.stop(),
};

self.onmessage = async ({ data }) => {
  try {
    await work[data.kind](data);
  } catch (error) {
    // A worker that broke off is thrown away; the page starts the next run in a new one.
    const memory = /memory|allocation|unreachable|Array buffer/i.test(error.message) || error instanceof RangeError;
    const text = error.code === "runtime_lost" || memory ? "This picture and network need more memory than the browser gives: take a smaller picture or less effort." : error.message;
    postMessage({ kind: "error", text });
  }
};
