/** What a browser has in place of Node's add-on, files and sharp. */
import { ArgumentError } from "../errors.js";
import type { Host } from "../host.js";
import { decodeImage } from "./images.js";
import { loadWasm } from "./module.js";
import { encodePng } from "./png.js";

/** The host of programs that run in a page or a worker. */
export const webHost: Host = {
  loadBinding: loadWasm,
  async readFile(path) {
    const response = await fetch(path);
    if (!response.ok)
      throw new ArgumentError(
        `${path}: the server answers ${response.status}`,
        response.status === 404 ? "file_not_found" : "file_unreadable",
      );
    return new Uint8Array(await response.arrayBuffer());
  },
  async listFolder(path) {
    throw nodeOnly(`${path}: a browser cannot list folders; decode pictures one by one with io.decodeImage`);
  },
  async writeFile(path) {
    throw nodeOnly(
      `${path}: a browser cannot write files; make the bytes (io.encodePng, io.serializeSafetensors) and offer them as a download`,
    );
  },
  decodeImage,
  encodePng,
};

function nodeOnly(message: string): ArgumentError {
  return new ArgumentError(message, "node_only");
}
