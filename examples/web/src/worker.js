// The worker: learns and restores, so that the page stays responsive.
import { DeviceError, init } from "adjoint";
import { Clean } from "./clean.js";
import { Run } from "./run.js";

let run;
/** The device in use. */
let device;

const names = { cpu: "cpu (WebAssembly)", webgpu: "graphics card (WebGPU)" };

/** Initialises the device, or the CPU if that fails; returns the device in use. */
async function begin(wanted) {
  try {
    await init({ device: wanted });
    return wanted;
  } catch (error) {
    if (wanted === "cpu" || !(error instanceof DeviceError)) throw error;
    const reason = error.message.replace(/; use device .*/, "").replace(/\.$/, "");
    postMessage({ kind: "fallback", text: `The graphics card cannot be used (${reason}). The processor takes over.` });
    await init();
    return "cpu";
  }
}

const handlers = {
  async start(message) {
    device = await begin(message.device);
    const { task, loss } = message.choice;
    const Kind = task === "denoise" && loss === "auto" ? Clean : Run;
    run = new Kind(message, (kind, content) => postMessage({ kind, ...content }));
    postMessage({ kind: "ready", device: names[device], ...(await run.measure()) });
    await run.train();
  },
  pause: () => run?.pause(),
  resume: () => run?.train(),
  stop: () => run?.stop(),
  page: (message) => run?.more(message),
};

self.onmessage = async ({ data }) => {
  try {
    await handlers[data.kind](data);
  } catch (error) {
    // The tensors on the graphics card are lost with it: the page starts again on the CPU.
    if (device === "webgpu" && error instanceof DeviceError)
      return postMessage({ kind: "lost", text: "The graphics card was lost. The run starts again on the processor." });
    // The page discards a worker after an error and starts the next run in a new one.
    const memory = /memory|allocation|unreachable|Array buffer/i.test(error.message) || error instanceof RangeError;
    const text =
      error.code === "runtime_lost" || memory
        ? "This picture and network need more memory than the browser allows: take a smaller picture or less effort."
        : error.message;
    postMessage({ kind: "error", text });
  }
};
