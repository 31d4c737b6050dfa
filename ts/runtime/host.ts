import type { Binding, DeviceName } from "./binding.js";

/** A compiled `WebAssembly.Module`; nothing where the program's libraries do not declare one. */
type CompiledModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer M } } } ? M : never;

/** Where the WebAssembly module comes from: an address, a response, its bytes, or the module already compiled. */
export type WasmSource = URL | string | Response | ArrayBuffer | ArrayBufferView | CompiledModule;

/** An image as numbers in [0, 1], channel by channel. */
export interface DecodedImage {
  readonly data: Float32Array;
  /** [channels, height, width] */
  readonly shape: [number, number, number];
}

/** Which channels of an image file are wanted; `"auto"`: what the file has. */
export type ImageChannels = "grey" | "rgb" | "auto";

/** The device that `init` was asked for. */
export type WantedDevice = DeviceName | "auto";

/** What Node and a browser do in different ways. All else in this library is the same everywhere. */
export interface Host {
  /** The add-on, or the WebAssembly module that has `device`. */
  loadBinding(wasm: WasmSource | undefined, device: WantedDevice): Promise<Binding>;
  /** The bytes of a file; in a browser of an address. */
  readFile(path: string): Promise<Uint8Array>;
  /** Names and paths of what a folder holds. */
  listFolder(path: string): Promise<{ readonly name: string; readonly path: string }[]>;
  /** Writes a file so that no reader ever sees half of one. */
  writeFile(path: string, content: Uint8Array | string): Promise<void>;
  /** The pixels of an image file's bytes; rejects where they are no image. */
  decodeImage(bytes: Uint8Array, channels: ImageChannels): Promise<DecodedImage>;
  /** Rows of interleaved 8-bit pixels, 1 or 3 channels, as the bytes of a PNG. */
  encodePng(pixels: Uint8Array, width: number, height: number, channels: 1 | 3): Promise<Uint8Array>;
}

const inNode = typeof process !== "undefined" && process.versions?.node !== undefined;
let wasmOnly = false;

/** Makes Node take the WebAssembly module too; the entry `adjoint/web` does. */
export function preferWasm(): void {
  wasmOnly = true;
}

/** Whether the add-on is to be left alone. */
export function wasmPreferred(): boolean {
  return wasmOnly;
}

/**
 * The host in use. It is loaded when first needed; bundlers for browsers put the web's in the place of Node's
 * (`browser` in package.json).
 */
export async function host(): Promise<Host> {
  return inNode ? (await import("./node/index.js")).nodeHost : (await import("./web/index.js")).webHost;
}
