// Runs one program in the reader's browser and sends what it prints, its pictures and its curves.
import * as adjoint from "adjoint";
import * as testing from "adjoint-dist/testing/index.js";
import * as shared from "../../../examples/shared/index.mjs";
import { picture, show } from "./pictures.mjs";
import { beginProgram } from "./platform.mjs";
import { compile } from "./program.mjs";
import { shown } from "./shown.mjs";

const send = (message) => self.postMessage(message);
const modules = { adjoint, "adjoint/testing": testing, "../shared/index.mjs": shared };

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
  Object.assign(self.console, { log, info: log, warn: log, error: log, table: log });
  const values = {};
  try {
    await compile(code, modules)(modules, (found) => Object.assign(values, found));
    await show(values, send);
    for (const [path, bytes] of files) await showFile(path, bytes);
    send({ type: "done", seconds: (performance.now() - started) / 1000 });
  } catch (error) {
    send({ type: "error", text: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
  }
};
send({ type: "ready" });
