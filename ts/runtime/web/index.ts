/** The platform in a browser: the WebAssembly module, fetch, and the browser's image decoder. */
import { ArgumentError } from "../errors.js";
import { statusError } from "../http-errors.js";
import type { Platform } from "../platform.js";
import { isAddress, openAddress } from "../remote-file.js";
import { keepDownload, keptDownload } from "./downloads.js";
import { decodeImage } from "./images.js";
import { loadWasm } from "./module.js";
import { startThread } from "./start-thread.js";

/** The platform of programs that run in a page or a worker. */
export const webPlatform: Platform = {
  totalMemory: () => undefined,
  processors: () => globalThis.navigator?.hardwareConcurrency ?? 1,
  async loadBinding({ wasm, device, threads }) {
    return await loadWasm(wasm, { device, threads }, startThread);
  },
  async readFile(path) {
    return new Uint8Array(await (await fetchFile(path)).arrayBuffer());
  },
  async openFile(path) {
    const address = absolute(path);
    if (isAddress(address)) return await openAddress(address);
    const bytes = new Uint8Array(await (await fetchFile(path)).arrayBuffer());
    return {
      size: bytes.length,
      read: async (begin, end) => bytes.subarray(begin, end),
      readSync: (begin, end) => bytes.subarray(begin, end),
      close: async () => undefined,
    };
  },
  async listFolder(path) {
    throw nodeOnly(`${path}: a browser cannot list folders; decode images one by one with io.decodePixels.`);
  },
  async writeFile(path) {
    throw cannotWrite(path);
  },
  async appendFile(path) {
    throw cannotWrite(path);
  },
  keptDownload,
  keepDownload,
  async acquireLock(path) {
    throw cannotWrite(path);
  },
  decodeImage,
};

/** A path relative to the page, or to the script of a worker, as an address. */
function absolute(path: string): string {
  try {
    return new URL(path, typeof document === "undefined" ? location.href : document.baseURI).href;
  } catch {
    return path;
  }
}

async function fetchFile(path: string | URL): Promise<Response> {
  const response = await fetch(path);
  if (response.ok) return response;
  throw statusError(String(path), response.status);
}

function cannotWrite(path: string): ArgumentError {
  return nodeOnly(
    `${path}: a browser cannot write files; create the bytes (io.encodePng, io.serializeSafetensors) and offer ` +
      "them as a download.",
  );
}

function nodeOnly(message: string): ArgumentError {
  return new ArgumentError(message, "node_only");
}
