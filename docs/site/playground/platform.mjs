// The platform of programs in the playground: files of the site below files/, and files that a program wrote, in memory.
import { webPlatform as web } from "adjoint-dist/runtime/web/index.js";

const written = new Map();
let onWrite = () => {};
// The worker is in playground/assets.
const folder = new URL("../../files/", self.location.href);

/** Forgets what earlier programs wrote; `listener` gets the path and the bytes of each file that is written. */
export function beginProgram(listener) {
  written.clear();
  onWrite = listener;
}

/** The folder "photographs" of the documents stands for the reader's own: here the photographs of the repository. */
const clean = (path) =>
  String(path)
    .replace(/^\.?\/+/, "")
    .replace(/^photographs(?=\/|$)/, "examples/images");
const address = (path) => (/^[a-z]+:/.test(path) ? path : new URL(clean(path), folder).href);
const bytesOf = (content) => (typeof content === "string" ? new TextEncoder().encode(content) : content.slice());

async function readFile(path) {
  return written.get(clean(path)) ?? (await web.readFile(address(path)));
}

async function writeFile(path, content) {
  written.set(clean(path), bytesOf(content));
  onWrite(clean(path), written.get(clean(path)));
}

const platform = {
  ...web,
  readFile,
  writeFile,
  async openFile(path) {
    const bytes = await readFile(path);
    const part = (begin, end) => bytes.subarray(begin, end);
    return { size: bytes.length, read: async (...range) => part(...range), readSync: part, close: async () => {} };
  },
  async listFolder(path) {
    const prefix = `${clean(path).replace(/\/$/, "")}/`;
    const site = await (await fetch(new URL("list.json", folder))).json();
    const inside = [...new Set([...site, ...written.keys()])].filter((file) => file.startsWith(prefix));
    if (inside.length === 0) return await web.listFolder(path);
    const names = new Set(inside.map((file) => file.slice(prefix.length).split("/")[0]));
    return [...names].map((name) => ({ name, path: prefix + name }));
  },
  async appendFile(path, content) {
    const before = written.get(clean(path)) ?? new Uint8Array();
    const added = bytesOf(content);
    const all = new Uint8Array(before.length + added.length);
    all.set(before);
    all.set(added, before.length);
    await writeFile(path, all);
  },
  acquireLock: async () => ({ release: async () => {} }),
};

export { platform as nodePlatform, platform as webPlatform };
