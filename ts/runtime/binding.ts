declare const handleBrand: unique symbol;

/** The number by which the core knows a tensor; it is positive, and 0 stands for no tensor. */
export type Handle = number & { readonly [handleBrand]: "tensor" };

/**
 * The native add-on or the WebAssembly module, as the TypeScript side calls it. Handles are positive integers owned by
 * the binding; 0 means "none". Errors cross as `Error` with the message `CLASS|code|text`.
 */
export interface Binding {
  /** A sum over the operator table; the generated wrappers must be of the same table. */
  surfaceDigest(): string;
  /** Makes a device ready; rejects with a DeviceError if it is absent. */
  initDevice(device: string): Promise<void>;
  /** JSON: `[{ name, available, detail, kind?, driver?, memory? }]`. */
  devices(): string;
  /** Runs one operator and returns the handles of its results. */
  apply(op: number, handles: (Handle | 0)[], ints: number[], floats: number[]): Handle[];
  /**
   * Runs an operator of one or two tensors (b is 0 for one), at most one number and one result. Without arrays a call
   * costs half. Optional.
   */
  applyOne?(op: number, a: Handle, b: Handle | 0, value: number): Handle;
  /** Uploads values; the element type follows from the array's type. */
  fromData(data: Float32Array | Float64Array, shape: number[], device: string): Handle;
  full(shape: number[], value: number, dtype: string, device: string): Handle;
  /** JSON: `{ shape, dtype, device, requiresGrad }`. */
  info(handle: Handle): string;
  /** Throws a DeviceError if the device can only be read asynchronously. */
  readSync(handle: Handle): Float32Array | Float64Array;
  read(handle: Handle): Promise<Float32Array | Float64Array>;
  /** Leaves only. */
  setRequiresGrad(handle: Handle, on: boolean): void;
  toDevice(handle: Handle, device: string): Handle;
  dispose(handle: Handle): void;
  /** Disposes of many handles in one call. Optional. */
  disposeAll?(handles: Uint32Array): void;
  /**
   * One gradient for each input; 0 for an input that is unused. `gradOutputs` is empty or has one handle for each
   * output (0 means ones).
   */
  grad(outputs: Handle[], inputs: Handle[], gradOutputs: Handle[], createGraph: boolean): (Handle | 0)[];
  /** Begins to differentiate an output, in steps; the number of the pass, which `gradEnd` ends. */
  gradBegin(output: Handle, inputs: Handle[]): number;
  /** The positions of the inputs of a pass in the order in which their gradients become complete. */
  gradOrder(pass: number): number[];
  /** Goes on until the gradients of the inputs at some positions are complete: one for each, 0 for an unused input. */
  gradNext(pass: number, positions: number[]): (Handle | 0)[];
  /** Frees what a pass holds. */
  gradEnd(pass: number): void;
  /**
   * From here to `endCheckpoint` operators run off the tape and are written down. False where nothing is recorded, or
   * where this is within another checkpoint: then there is nothing to end.
   */
  beginCheckpoint(): boolean;
  /** The tensor as the result of all that was called since `beginCheckpoint`; 0 drops what was written down. */
  endCheckpoint(output: Handle | 0): Handle | 0;
  /** Switches recording on or off and returns the previous state. */
  setGradEnabled(on: boolean): boolean;
  /** Limits the memory of one operator, in bytes; it holds for all threads. Optional. */
  setMemoryLimit?(bytes: number): void;
  /** `[tensors, bytes]`. */
  memory(): number[];
  rngNew(seed: number): number;
  rngFork(handle: number): number;
  rngState(handle: number): string;
  rngFrom(state: string): number;
  rngDispose(handle: number): void;
  /** Draws one tensor; `of` is the rate of "poisson", the counts of "binomial", and 0 for other kinds. */
  rngDraw(
    handle: number,
    kind: string,
    shape: number[],
    params: number[],
    of: Handle | 0,
    dtype: string,
    device: string,
  ): Handle;
  /** Whether an error leaves this binding unusable; `init()` then loads another one. Default: never. */
  isFatal?(error: unknown): boolean;
  /** Resolves to the reason once the binding is unusable although no call failed: its graphics device was lost. */
  readonly lost?: Promise<string>;
  /**
   * Whether another binding of this platform supports a device, or more than one thread, that this one does not;
   * `init()` then loads that one.
   * Default: never.
   */
  lacks?(device: string, threads?: number): boolean;
  /**
   * Computes with as many threads, the calling one included; a line of warning says why where that cannot be. Optional.
   */
  setThreads?(count: number): Promise<void>;
  /** Whether convolutions of networks on NVIDIA GPUs may use TF32, for all threads of the process. Optional. */
  setTf32?(on: boolean): void;
  /**
   * The type to which convolutions of networks round their operands, for all threads of the process; a `DeviceError`
   * `precision_unavailable` where the device lacks it. Optional.
   */
  setPrecision?(device: string, name: string): void;
  /** Whether random numbers for GPUs are drawn there, for all threads of the process. Optional. */
  setRandomOnDevice?(on: boolean): void;
  /** Kernels that were launched on GPUs since the first call, which begins to count. Optional. */
  launches?(): number;
  /** As `launches`, by the names of the kernels: a JSON object. Optional. */
  kernels?(): string;
  /** Tensors and lists that were sent to GPUs, those that operators make for themselves included. Optional. */
  uploads?(): number;
  /** Bytes of the WebAssembly module's memory, which never shrinks. */
  heapBytes?(): number;
}

/** Element type of a tensor; float64 exists on the CPU only. */
export type DType = "float32" | "float64";

/**
 * Device of a tensor. Of several cards `webgpu` is the fastest one by the judgement of the driver
 * (`webgpu:high-performance` is the same), `webgpu:low-power` the one in the processor, `webgpu:1` the second in the
 * list of {@link devices}; `cuda` is the first one (`cuda:0` is the same), `cuda:1` the second. A browser offers the
 * first two.
 */
export type DeviceName =
  | "cpu"
  | "webgpu"
  | "cuda"
  | `webgpu:${"high-performance" | "low-power" | number}`
  | `cuda:${number}`;

/**
 * What computes behind `webgpu`: a GPU of its own, one within the processor, one of a virtual machine, hardware of
 * which the browser says no more, or a renderer in software, which computes on the CPU and is slower than `cpu`.
 */
export type AdapterKind = "discrete" | "integrated" | "virtual" | "hardware" | "software" | "other";

/** One row of {@link devices}. */
export interface DeviceInfo {
  readonly name: DeviceName;
  readonly available: boolean;
  /** The adapter's name, or why the device is unavailable. */
  readonly detail: string;
  /** What the adapter is, where it is available and known. */
  readonly kind?: AdapterKind;
  /** Threads that compute on the cpu, with the WebAssembly module. */
  readonly threads?: number;
  /** The interface and the version of the driver, where it says so. */
  readonly driver?: string;
  /**
   * Bytes of the card's memory, as far as they are known: all of it (CUDA tells), what this process holds, and what of
   * that live values take. The latter two of a device that has started, outside of browsers.
   */
  readonly memory?: { readonly total?: number; readonly reserved?: number; readonly used?: number };
}
