/**
 * What a host (native add-on or WebAssembly module) gives to the facade. Handles are positive integers owned by the
 * host; 0 means "none". Errors cross as `Error` with the message `CLASS|code|text`.
 */
export interface Binding {
  /** JSON: `[{ name, code, signature, doc }]`, the operator table. */
  surface(): string;
  /** Makes a device ready; rejects with a DeviceError where it is absent. */
  initDevice(device: string): Promise<void>;
  /** JSON: `[{ name, available, detail }]`. */
  devices(): string;
  /** Runs one operator and returns the handles of its results. */
  apply(op: number, handles: number[], ints: number[], floats: number[]): number[];
  /**
   * As `apply`, for one or two tensors (b is 0 for one), at most one number, one result. Without arrays the crossing
   * costs half; a binding may do without it.
   */
  applyOne?(op: number, a: number, b: number, value: number): number;
  /** Uploads values; the element type follows from the array's type. */
  fromData(data: Float32Array | Float64Array, shape: number[], device: string): number;
  full(shape: number[], value: number, dtype: string, device: string): number;
  /** JSON: `{ shape, dtype, device, requiresGrad }`. */
  info(handle: number): string;
  /** Throws a DeviceError where the device can only be read asynchronously. */
  readSync(handle: number): Float32Array | Float64Array;
  read(handle: number): Promise<Float32Array | Float64Array>;
  /** Leaves only. */
  setRequiresGrad(handle: number, on: boolean): void;
  toDevice(handle: number, device: string): number;
  dispose(handle: number): void;
  /** As `dispose` for many, in one crossing; a binding may do without it. */
  disposeAll?(handles: Uint32Array): void;
  /** Gradients by input; `gradOutputs` is empty or one a output (0 = ones); a result of 0 is an unused input. */
  grad(outputs: number[], inputs: number[], gradOutputs: number[], createGraph: boolean): number[];
  /** Switches recording on or off and returns the previous state. */
  setGradEnabled(on: boolean): boolean;
  /** `[tensors, bytes]`. */
  memory(): number[];
  rngNew(seed: number): number;
  rngFork(handle: number): number;
  rngState(handle: number): string;
  rngFrom(state: string): number;
  rngDispose(handle: number): void;
  /** Draws one tensor; `of` is the rate or the counts of the kinds "poisson" and "binomial" and 0 otherwise. */
  rngDraw(
    handle: number,
    kind: string,
    shape: number[],
    params: number[],
    of: number,
    dtype: string,
    device: string,
  ): number;
  /** Whether an error of this host leaves it unusable; `init()` then loads another. Default: none does. */
  isFatal?(error: unknown): boolean;
  /**
   * Settles with the reason once the host can no longer be used though no call failed: a graphics device that the
   * browser took away.
   */
  readonly lost?: Promise<string>;
  /**
   * Whether another host of this environment has a device that this one has not; `init()` then loads that one. Default:
   * none has.
   */
  lacks?(device: string): boolean;
  /** Bytes of the WebAssembly module's memory, which grows and never shrinks. */
  heapBytes?(): number;
}

/** Element type of a tensor; float64 exists on the CPU only. */
export type DType = "float32" | "float64";

/** Where a tensor lives. */
export type DeviceName = "cpu" | "webgpu" | "cuda";

/** One row of {@link devices}. */
export interface DeviceInfo {
  readonly name: DeviceName;
  readonly available: boolean;
  /** The adapter's name, or why the device is absent. */
  readonly detail: string;
}
