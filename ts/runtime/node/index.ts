/** The platform in Node: the native add-on, files, and images with sharp. */
import type { Platform } from "../platform.js";
import { loadBinding } from "./binding.js";
import { keepDownload, keptDownload } from "./downloads.js";
import { appendFile, listFolder, openFile, readFile, writeFile } from "./files.js";
import { decodeImage } from "./images.js";
import { inflate } from "./inflate.js";
import { acquireLock } from "./lock.js";
import { totalMemory } from "./memory.js";
import { processors } from "./processors.js";
import { startReader } from "./start-reader.js";
import { joinMpi, launchedProcesses } from "./mpi.js";

/** The platform of programs that run in Node. */
export const nodePlatform: Platform = {
  totalMemory,
  processors,
  loadBinding,
  readFile,
  openFile,
  listFolder,
  writeFile,
  appendFile,
  keptDownload,
  keepDownload,
  acquireLock,
  decodeImage,
  inflate,
  startReader,
  joinMpi,
  launchedProcesses,
};
