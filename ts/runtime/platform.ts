import type { Binding, DeviceName } from "./binding.js";

/** A compiled `WebAssembly.Module`; `never` where the program's type libraries do not declare one. */
type CompiledModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer M } } } ? M : never;

/** Source of the WebAssembly module: a URL, a response, its bytes, or the compiled module. */
export type WasmSource = URL | string | Response | ArrayBuffer | ArrayBufferView | CompiledModule;

/** A device as an option of `init`; `"auto"` is webgpu where a GPU is available, and cpu otherwise. */
export type RequestedDevice = DeviceName | "auto";

/** Options of {@link Platform.loadBinding}. */
export interface LoadOptions {
  /** The WebAssembly module to load, in Node instead of the add-on. Default: the file of this package. */
  readonly wasm: WasmSource | undefined;
  /** The device that the binding must support. */
  readonly device: RequestedDevice;
  /** Loads the WebAssembly module in Node too. */
  readonly preferWasm: boolean;
  /** Threads that are to compute, the calling one included; `undefined` where the program does not say. */
  readonly threads: number | undefined;
}

/** The pixels of an image with values in [0, 1], channel by channel. */
export interface Pixels {
  readonly data: Float32Array;
  /** `[channels, height, width]`. */
  readonly shape: [number, number, number];
}

/** Channels of a decoded image; `"auto"` keeps those of the file. */
export type ImageChannels = "grey" | "rgb" | "auto";

/** What a coder of photographs (JPEG, WebP, AVIF, GIF, ...) decodes to: rows of interleaved pixels. */
export interface DecodedImage {
  readonly values: Uint8Array | Uint16Array;
  readonly width: number;
  readonly height: number;
  /** Values a pixel: 1 or 3 colours, or 4 inks, and one more where `alpha` is true. */
  readonly channels: number;
  readonly colour: "grey" | "rgb" | "cmyk";
  /** Whether the last channel is the opacity; colours are not multiplied by it. */
  readonly alpha: boolean;
  /** Images in the file, as an animation has them, whether they were decoded or not. */
  readonly pages: number;
  /** How images are to be turned (EXIF) that the coder has not turned upright: those of an animation. Default: 1. */
  readonly orientation?: number;
}

/** Options of {@link Platform.decodeImage}. */
export interface DecodeOptions {
  /** `"file"` takes the values as stored; `"srgb"` converts them by the file's colour profile. */
  readonly colour: "file" | "srgb";
  /** Whether to decode all images of an animation, one below the other; a browser gives the first. */
  readonly all: boolean;
  /** Limit on width times height. */
  readonly maxPixels: number;
}

/** A file or folder inside a folder. */
export interface FolderEntry {
  readonly name: string;
  readonly path: string;
}

/** A file that is read in parts. */
export interface OpenFile {
  /** Length in bytes. */
  readonly size: number;
  /** The bytes from `begin` to before `end`, which is at most `size`. */
  read(begin: number, end: number): Promise<Uint8Array>;
  /** As {@link read}, at once; absent where the platform cannot wait. */
  readSync?(begin: number, end: number): Uint8Array;
  /** Frees the file. */
  close(): Promise<void>;
}

/** A lock that this program has. */
export interface HeldLock {
  /** Removes it. */
  release(): Promise<void>;
}

/** Who has a lock, as far as the file tells. */
export interface LockHolder {
  readonly pid: number | undefined;
  /** Whether it is this process. */
  readonly own: boolean;
  /** The name of its machine. */
  readonly hostname: string | undefined;
  /** When it was made, in ISO 8601, by the clock of its machine. */
  readonly since: string | undefined;
}

/** Messages between the processes of an MPI job, which arrive in the order in which they were sent. */
export interface Mpi {
  readonly rank: number;
  readonly size: number;
  send(to: number, bytes: Uint8Array): Promise<void>;
  receive(from: number): Promise<Uint8Array>;
  /** Ends all processes. */
  abort(text: string): void;
}

/** A thread beside the calling one that reads pages of images; it gets and gives messages of `io`. */
export interface ReaderThread {
  post(message: unknown): void;
  /** Whether it keeps the process running. */
  hold(on: boolean): void;
  end(): void;
}

/** Who hears from a {@link ReaderThread}. */
export interface ReaderEvents {
  onMessage(message: unknown): void;
  /** Called where the thread does not start, or ends by itself. */
  onEnd(reason: string): void;
}

/** What Node and a browser do differently; everything else in this library is common to both. */
export interface Platform {
  /** Bytes of memory that this process may use; `undefined` where the platform does not say. */
  totalMemory(): number | undefined;
  /** The number of threads that can compute at once. */
  processors(): number;
  /** Loads the add-on, or the WebAssembly module that supports the device. */
  loadBinding(options: LoadOptions): Promise<Binding>;
  /** The bytes of a file, or of a URL: in Node of a file of the package. */
  readFile(path: string | URL): Promise<Uint8Array>;
  /** Opens a file to read parts of it; of an address the parts that are read are fetched. */
  openFile(path: string): Promise<OpenFile>;
  /** The files and folders inside a folder. */
  listFolder(path: string): Promise<FolderEntry[]>;
  /** Writes a file atomically: readers see the old content or the new one. */
  writeFile(path: string, content: Uint8Array | string): Promise<void>;
  /** Appends to a file in one write; makes the file and its folder where they are missing. */
  appendFile(path: string, content: Uint8Array | string): Promise<void>;
  /** What was kept of an address by {@link keepDownload}; `undefined` where there is nothing. */
  keptDownload(address: string): Promise<Uint8Array | undefined>;
  /**
   * Keeps the content of an address: in Node in a file of the user's cache folder, in a page by the Cache API where it
   * has one, which is where it was served by https or from this machine.
   */
  keepDownload(address: string, content: Uint8Array): Promise<void>;
  /** Makes a lock file, or says who has it; that of a process that has ended is taken over. */
  acquireLock(path: string): Promise<HeldLock | LockHolder>;
  /**
   * Decodes the bytes of a JPEG, WebP, AVIF or GIF file, turned upright but for animations with `all`; rejects if they
   * are not such an image.
   */
  decodeImage(bytes: Uint8Array, options: DecodeOptions): Promise<DecodedImage>;
  /**
   * Decodes a zlib stream, cut anywhere, of exactly `length` bytes; `undefined` where it has another number, is damaged
   * or ends before. Absent in browsers.
   */
  inflate?(parts: readonly Uint8Array[], length: number): Uint8Array | undefined;
  /** Starts a thread, with its number, which reads pages; absent in browsers. */
  startReader?(thread: number, events: ReaderEvents): ReaderThread;
  /** Joins the MPI job of this process; absent in browsers. */
  joinMpi?(): Mpi;
  /** The number of processes that a launcher says it has started; absent in browsers. */
  launchedProcesses?(): number;
}
