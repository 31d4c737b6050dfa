// Runs one program in the reader's browser and sends what it prints, its pictures and its curves.
import * as adjoint from "adjoint-dist/browser.js";
import * as testing from "adjoint-dist/testing/index.js";
import { picture, show } from "./pictures.mjs";
import { beginProgram } from "./platform.mjs";
import { compile } from "./program.mjs";

const send = (message) => self.postMessage(message);

/** A value as `console.log` shows it, in short. */
function shown(value, depth = 0) {
  if (typeof value === "string") return depth === 0 ? value : JSON.stringify(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof adjoint.Tensor) return `Tensor [${value.shape.join(", ")}] ${value.dtype}`;
  if (ArrayBuffer.isView(value) || Array.isArray(value)) {
    const items = Array.from(value).slice(0, 12);
    const more = value.length > 12 ? ", ..." : "";
    return items.length === 0 ? "[]" : `[ ${items.map((item) => shown(item, depth + 1)).join(", ")}${more} ]`;
  }
  if (typeof value === "function") return `[Function ${value.name}]`;
  if (typeof value === "object" && value !== null) {
    if (depth > 2) return "{...}";
    const entries = Object.entries(value).slice(0, 20);
    return `{ ${entries.map(([key, item]) => `${key}: ${shown(item, depth + 1)}`).join(", ")} }`;
  }
  return String(value);
}

/** The Trainer, which also sends its steps to the page. */
function reporting(Base) {
  return class Trainer extends Base {
    constructor(options) {
      super({
        ...options,
        onProgress(state) {
          send({ type: "progress", step: state.step, steps: state.steps, loss: state.loss });
          options?.onProgress?.(state);
        },
      });
    }
  };
}

const { Trainer, AdversarialTrainer } = adjoint.train;
const train = {
  ...adjoint.train,
  Trainer: reporting(Trainer),
  AdversarialTrainer: reporting(AdversarialTrainer),
};
const modules = { adjoint: { ...adjoint, train }, "adjoint/testing": testing };

/** A picture that the program wrote to a file. */
async function showFile(path, bytes) {
  if (!/\.(?:png|tif|jpg)$/.test(path)) return;
  const image = await adjoint.io.decodePixels(bytes).then(
    ({ data, shape }) => picture(adjoint.tensor(data, { shape: shape.slice(-3) })),
    () => undefined,
  );
  if (image) send({ type: "image", name: path, ...image });
}

self.onmessage = async ({ data: { code } }) => {
  const started = performance.now();
  const files = [];
  beginProgram((path, bytes) => files.push([path, bytes]));
  const log = (...values) => send({ type: "log", text: values.map((value) => shown(value)).join(" ") });
  const console = { ...self.console, log, info: log, warn: log, error: log, table: log };
  const values = {};
  try {
    await compile(code, modules)(modules, console, (found) => Object.assign(values, found));
    await show(values, { Tensor: adjoint.Tensor, Trainer }, send);
    for (const [path, bytes] of files) await showFile(path, bytes);
    send({ type: "done", seconds: (performance.now() - started) / 1000 });
  } catch (error) {
    send({ type: "error", text: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
  }
};
send({ type: "ready" });
