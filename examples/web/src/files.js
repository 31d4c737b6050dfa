// The worker that reads and writes files, as functions.
import { UserError } from "./errors.js";

let worker;
let count = 0;
const waiting = new Map();

function ask(kind, message) {
  if (!worker) {
    worker = new Worker(new URL("./files-worker.js", import.meta.url), { type: "module" });
    worker.onmessage = ({ data: { id, answer, error } }) => {
      const { resolve, reject } = waiting.get(id);
      waiting.delete(id);
      if (error === undefined) resolve(answer);
      else reject(new UserError(error));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      for (const { reject } of waiting.values())
        reject(new UserError("This file needs more memory than the browser allows."));
      waiting.clear();
      worker.terminate();
      worker = undefined;
    };
  }
  return new Promise((resolve, reject) => {
    count += 1;
    waiting.set(count, { resolve, reject });
    worker.postMessage({ id: count, kind, ...message });
  });
}

/** Opens a file: its first frame and what the page has to know of it. */
export const openFile = async (file, name) => await ask("open", { file, name });

/** The pixels of another frame of the open file. */
export const readFrame = async (frame) => await ask("frame", { frame });

/** The bytes and the name of the download; `smaller` is the limit that the picture was made smaller to, if it was. */
export const writeFile = async (results, smaller) => await ask("write", { results, smaller });
