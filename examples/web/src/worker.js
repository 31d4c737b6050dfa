// The worker: measures a sample, learns, cleans. It gets and gives plain messages, so that the page stays responsive.
import { DeviceError, init } from "adjoint";
import { Run } from "./run.js";

let run;
/** Where it computes. */
let device;

const names = { cpu: "cpu (WebAssembly)", webgpu: "graphics card (WebGPU)" };

/** Makes the device ready, or the processor where it is not to be had; gives the one that it is. */
async function begin(wanted) {
  try {
    await init({ device: wanted });
    return wanted;
  } catch (error) {
    if (wanted === "cpu" || !(error instanceof DeviceError)) throw error;
    postMessage({
      kind: "fallback",
      text: `The graphics card cannot be used (${error.message.replace(/; use device .*/, "")}). The processor takes over.`,
    });
    await init();
    return "cpu";
  }
}

const work = {
  async start(message) {
    device = await begin(message.device);
    run = new Run(message, (kind, content) => postMessage({ kind, ...content }));
    postMessage({ kind: "ready", device: names[device], ...(await run.measure()) });
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
    // What the graphics card held is gone with it: the page starts again on the processor.
    if (device === "webgpu" && error instanceof DeviceError)
      return postMessage({ kind: "lost", text: "The graphics card was lost. The run starts again on the processor." });
    // A worker that broke off is thrown away; the page starts the next run in a new one.
    const memory = /memory|allocation|unreachable|Array buffer/i.test(error.message) || error instanceof RangeError;
    const text =
      error.code === "runtime_lost" || memory
        ? "This picture and network need more memory than the browser gives: take a smaller picture or less effort."
        : error.message;
    postMessage({ kind: "error", text });
  }
};
