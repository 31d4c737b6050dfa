import { tooLarge } from "./fail.js";
import { isEndlessHeap } from "./hdf5-heap.js";
import { missingLibrary } from "./missing-library.js";
import { requireWebAssembly } from "./webassembly.js";
import type { ByteSource } from "./source.js";
import type { FileSystem, H5Module } from "./h5wasm.js";

/** The largest file that is read whole, where a part cannot be waited for (a File outside of a worker). */
const WHOLE = 2 ** 31 - 2 ** 20;

let loaded: Promise<{ module: H5Module; FS: FileSystem }> | undefined;

/**
 * Loads h5wasm, HDF5's C library as WebAssembly, once.
 *
 * @throws ArgumentError `missing_library` with the command that installs it; DeviceError `out_of_memory`.
 */
export async function loadH5wasm(): Promise<{ module: H5Module; FS: FileSystem }> {
  requireWebAssembly("HDF5");
  loaded ??= load();
  try {
    return await loaded;
  } catch (error) {
    loaded = undefined;
    throw error;
  }
}

async function load(): Promise<{ module: H5Module; FS: FileSystem }> {
  let library: typeof import("h5wasm");
  try {
    library = await import("h5wasm");
  } catch (cause) {
    throw missingLibrary("h5wasm", "0.10.3", "HDF5", cause);
  }
  const module = (await library.ready) as H5Module;
  // Otherwise each failure is printed, and a read that failed looks like one that did not.
  module.activate_throwing_error_handler();
  return { module, FS: module.FS as FileSystem };
}

let mounts = 0;

/**
 * Makes a source a file of the module's file system whose parts are read when the library asks for them.
 */
export async function mountSource(FS: FileSystem, source: ByteSource): Promise<{ path: string; unmount: () => void }> {
  let { readSync } = source;
  if (readSync === undefined) {
    if (source.size > WHOLE) throw tooLarge("HDF5: outside of a worker", source.size, WHOLE);
    const bytes = await source.read(0, source.size);
    readSync = (begin, end) => bytes.subarray(begin, end);
  }
  const read = readSync;
  mounts += 1;
  const name = `adjoint-${mounts}.h5`;
  const node = FS.createFile("/", name, {}, true, false);
  Object.defineProperty(node, "usedBytes", { get: () => source.size });
  const { getattr } = node.node_ops;
  node.node_ops = { ...node.node_ops, getattr: (one) => ({ ...getattr(one), size: source.size }) };
  node.stream_ops = {
    ...node.stream_ops,
    read(_stream, buffer, offset, length, position) {
      const end = Math.min(source.size, position + length);
      if (end <= position) return 0;
      const bytes = read(position, end);
      // The library then finds no heap here, and says so.
      if (isEndlessHeap(bytes)) return 0;
      buffer.set(bytes, offset);
      return end - position;
    },
  };
  return { path: `/${name}`, unmount: () => FS.unlink(`/${name}`) };
}
