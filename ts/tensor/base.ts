import { binding, type Binding } from "../runtime/index.js";
import { ArgumentError } from "../runtime/index.js";
import { ops } from "./ops.generated.js";
import { adopt, type Owned } from "./scope.js";
import type { Tensor } from "./tensor.js";
import type { DeviceName, DType, NestedArray, TypedArray } from "./types.js";

// Node 20 releases before 20.5 lack the symbol; `using` and explicit calls then agree on this one.
if (Symbol.dispose === undefined) Object.defineProperty(Symbol, "dispose", { value: Symbol.for("Symbol.dispose") });

interface Meta {
  shape: readonly number[];
  dtype: DType;
  device: DeviceName;
  requiresGrad: boolean;
}

/**
 * The host's handle, shared by the tensor and by what frees it: the scope it was made in, or the registry should the
 * tensor be collected.
 */
interface Holder extends Owned {
  handle: number;
  readonly host: Binding;
}

const release = (holder: Holder): void => {
  if (holder.handle === 0) return;
  const handle = holder.handle;
  holder.handle = 0;
  holder.host.dispose(handle);
};
const registry = new FinalizationRegistry<Holder>(release);

let ownerOf: (t: TensorBase) => Holder;
let leave: (t: TensorBase) => void;

/** What a scope knows of a tensor. */
export const owned = (t: Tensor): Owned => ownerOf(t);

/**
 * Takes a tensor out of every open `tidy`, so that it lives until its `dispose()`.
 * @returns the tensor itself.
 */
export function keep<T extends Tensor>(t: T): T {
  leave(t);
  return t;
}

/** What every tensor has: identity, values, life and death. */
export abstract class TensorBase {
  #holder: Holder;
  #meta: Meta | undefined;

  /** Takes over a handle; use `tensor()` and its companions to make tensors. */
  constructor(handle: number) {
    this.#holder = { handle, host: binding(), scope: undefined };
    if (!adopt(this.#holder)) registry.register(this, this.#holder, this.#holder);
  }

  // What is in the holder stays private to this file.
  static {
    ownerOf = (t) => t.#holder;
    leave = (t) => {
      if (t.#holder.scope === undefined) return;
      t.#holder.scope = undefined;
      registry.register(t, t.#holder, t.#holder);
    };
  }

  #self(): Tensor {
    return this as unknown as Tensor;
  }

  /**
   * The host's handle. Throws ArgumentError `disposed` after `dispose()`, or where `init()` has replaced the host
   * since.
   */
  get handle(): number {
    if (this.#holder.host !== binding()) {
      throw new ArgumentError("this tensor belongs to a runtime that init() has replaced: make it again", "disposed");
    }
    if (this.#holder.handle === 0) {
      throw new ArgumentError(
        "this tensor was disposed; keep() it, or return it from tidy(), to use it later",
        "disposed",
      );
    }
    return this.#holder.handle;
  }

  get #info(): Meta {
    this.#meta ??= JSON.parse(this.#holder.host.info(this.handle)) as Meta;
    return this.#meta;
  }

  /** Sizes of the axes; `[]` for a single number. */
  get shape(): readonly number[] {
    return this.#info.shape;
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return this.shape.reduce((a, b) => a * b, 1);
  }

  /** Element type. */
  get dtype(): DType {
    return this.#info.dtype;
  }

  /** Where the values are. */
  get device(): DeviceName {
    return this.#info.device;
  }

  /** Whether the tape follows this tensor. */
  get requiresGrad(): boolean {
    return this.#info.requiresGrad;
  }

  /**
   * Puts a leaf on the tape (default) or takes it off.
   * Throws ArgumentError `invalid_argument` for the result of an operator: `detach()` it first.
   */
  requiresGrad_(on = true): this {
    this.#holder.host.setRequiresGrad(this.handle, on);
    if (this.#meta) this.#meta = { ...this.#meta, requiresGrad: on };
    return this;
  }

  /** The same values, off the tape. */
  detach(): Tensor {
    return ops.detach(this.#self());
  }

  /** The same values in a tensor of its own, on the tape. */
  clone(): Tensor {
    return ops.clone(this.#self());
  }

  /** The values on another device or in another element type, on the tape; the tensor itself where nothing changes. */
  to(target: DeviceName | DType): Tensor {
    if (target === this.dtype || target === this.device) return this.#self();
    if (target === "float32" || target === "float64") return ops.cast(this.#self(), target === "float32" ? 0 : 1);
    return fromHandle(this.#holder.host.toDevice(this.handle, target));
  }

  /**
   * Replaces the values of this leaf by those of `source`, which is used up; `requiresGrad` stays. The element type,
   * shape and device become those of `source`. Graphs already recorded keep the old values.
   */
  assign_(source: Tensor): this {
    if ((source as unknown) === this) return this;
    const on = this.requiresGrad;
    const fresh = source.detach();
    if (on) fresh.requiresGrad_(true);
    const old = this.#holder.handle;
    this.#holder.handle = fresh.#release();
    this.#meta = undefined;
    if (old !== 0) this.#holder.host.dispose(old);
    source.dispose();
    return this;
  }

  /** Leaves scope or registry. */
  #unwatch(): void {
    // A tensor has one of them: those that a scope will free are not watched for being collected, which costs more than
    // making them.
    if (this.#holder.scope === undefined) registry.unregister(this.#holder);
    else this.#holder.scope = undefined;
  }

  /** Gives the handle away without freeing it. */
  #release(): number {
    const handle = this.handle;
    this.#holder.handle = 0;
    this.#unwatch();
    return handle;
  }

  /** The values in row-major order. */
  async data(): Promise<TypedArray> {
    return await this.#holder.host.read(this.handle);
  }

  /**
   * The values in row-major order, waiting for the device. Throws DeviceError where it cannot be waited for (WebGPU in
   * a browser).
   */
  dataSync(): TypedArray {
    return this.#holder.host.readSync(this.handle);
  }

  /** The value of a tensor of one element. Throws ArgumentError `invalid_argument` for any other size. */
  async item(): Promise<number> {
    this.#single();
    return (await this.data())[0] as number;
  }

  /** {@link item}, waiting for the device. */
  itemSync(): number {
    this.#single();
    return this.dataSync()[0] as number;
  }

  #single(): void {
    if (this.size !== 1)
      throw new ArgumentError(
        `item: the tensor has shape [${this.shape.join(", ")}], expected one element`,
        "invalid_argument",
      );
  }

  /** The values as nested arrays. */
  async array(): Promise<NestedArray> {
    const { shape } = this;
    const values = await this.data();
    let at = 0;
    const nest = (dim: number): NestedArray =>
      dim === shape.length
        ? (values[at++] as number)
        : Array.from({ length: shape[dim] as number }, () => nest(dim + 1));
    return nest(0);
  }

  /** Whether `dispose()` was called. */
  get disposed(): boolean {
    return this.#holder.handle === 0;
  }

  /** Frees the values now; a second call does nothing. Graphs that need them keep their own reference. */
  dispose(): void {
    if (this.#holder.handle === 0) return;
    this.#unwatch();
    release(this.#holder);
  }

  /** `using t = ...` frees the tensor at the end of its block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** A short description, without reading the values. */
  toString(): string {
    return this.disposed
      ? "Tensor(disposed)"
      : `Tensor([${this.shape.join(", ")}], ${this.dtype}, ${this.device}${this.requiresGrad ? ", requiresGrad" : ""})`;
  }
}

let make: (handle: number) => Tensor;

/** Told by tensor.ts, which extends this class, how to make one. */
export function setFactory(factory: (handle: number) => Tensor): void {
  make = factory;
}

/** The tensor of a new handle. */
export function fromHandle(handle: number): Tensor {
  return make(handle);
}
