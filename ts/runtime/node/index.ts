/** What only Node has: the add-on, files, sharp. */
import type { Host } from "../host.js";
import { loadBinding } from "./binding.js";
import { listFolder, readFile, writeFile } from "./files.js";
import { decodeImage, encodePng } from "./images.js";

/** The host of programs that run in Node. */
export const nodeHost: Host = { loadBinding, readFile, listFolder, writeFile, decodeImage, encodePng };
