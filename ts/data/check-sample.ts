import { TensorList } from "../physics/index.js";
import { ArgumentError, checkList, checkObject, shown } from "../runtime/index.js";
import { checkTensors } from "./dataset.js";
import { cat, keep, noGrad, Tensor, tidy } from "../tensor/index.js";

/** The tensors of a sample or a batch; of stacked physics, `y` is a list. */
interface Tensors {
  readonly x?: Tensor;
  readonly y?: Tensor | TensorList;
  readonly params?: Readonly<Record<string, Tensor>>;
}

/** A dataset that may say where its examples come from, for messages. */
export interface DataSource {
  /** Number of examples. */
  readonly length: number;
  /** Where one example comes from, such as the path of a file. */
  source?(index: number): string | undefined;
  /** The files. */
  readonly files?: readonly string[];
  /** The file and page of each example. */
  readonly images?: readonly { readonly path: string; readonly page: number }[];
}

/**
 * Refuses a sample with NaN or infinite values, such as `sample 17 of TensorDataset: x has NaN at [0, 3, 5] (2 of 4096
 * values)`; of an image folder, the message names the file.
 *
 * Tensors on the CPU only, which takes a fraction of the time to load them; see {@link DataCheck} for other devices.
 *
 * @throws ArgumentError `non_finite_data`.
 */
export function checkSample(sample: Tensors, index: number, dataset: DataSource): void {
  checkSource("checkSample", sample, dataset);
  for (const [name, value] of namedTensors(sample)) {
    if (value.device !== "cpu" || finiteOnCpu(value)) continue;
    const found = nonFinite(value.dataSync(), value.shape);
    if (found !== undefined) throw dataError(index, dataset, name, found);
  }
}

/**
 * Refuses batches with NaN or infinite values, whatever the device; the message is that of {@link checkSample}.
 *
 * On the CPU `add` does it at once. On other devices it only computes one number for each image, and {@link read}, to
 * be called now and then, reads all of them at once, so that no step waits for the device.
 */
export class DataCheck {
  readonly #dataset: DataSource & { get?(index: number): Promise<Tensors> | Tensors };
  #pending: { readonly indices: readonly number[]; readonly name: string; readonly flags: Tensor }[] = [];

  /** `dataset` gives the examples again by their index, where the position of a value has to be looked up. */
  constructor(dataset: DataSource & { get?(index: number): Promise<Tensors> | Tensors }) {
    checkObject("DataCheck", "dataset", dataset);
    this.#dataset = dataset;
  }

  /**
   * Checks a batch, whose image `i` is the example `indices[i]`.
   *
   * @throws ArgumentError `non_finite_data`, where the batch is on the CPU.
   */
  add(batch: Tensors, indices: readonly number[]): void {
    checkSource("DataCheck.add", batch, this.#dataset);
    checkList("DataCheck.add", "indices", indices);
    for (const [name, value] of namedTensors(batch)) {
      if (value.device === "cpu") this.#onCpu(name, value, indices);
      else if (value.size > 0) this.#pending.push({ indices, name, flags: imageFlags(value) });
    }
  }

  /** @throws ArgumentError `non_finite_data` for a batch since the last call that was not on the CPU. */
  async read(): Promise<void> {
    const pending = this.#pending.splice(0);
    if (pending.length === 0) return;
    const device = pending.map(({ flags }) => flags);
    const all = noGrad(() => tidy(() => cat(device, 0)));
    for (const flags of device) flags.dispose();
    const values = await all.data();
    all.dispose();
    let offset = 0;
    for (const { indices, name } of pending) {
      for (const index of indices) if (values[offset++] !== 0) throw await this.#located(index, name);
    }
  }

  /** Frees what was not read. */
  dispose(): void {
    for (const { flags } of this.#pending.splice(0)) flags.dispose();
  }

  #onCpu(name: string, value: Tensor, indices: readonly number[]): void {
    if (finiteOnCpu(value)) return;
    const [data, shape] = [value.dataSync(), value.shape.slice(1)];
    const size = shape.reduce((a, b) => a * b, 1);
    for (const [i, index] of indices.entries()) {
      const found = nonFinite(data.subarray(i * size, (i + 1) * size), shape);
      if (found !== undefined) throw dataError(index, this.#dataset, name, found);
    }
  }

  /** The error for an example that was found on another device; loads it again for the position of the value. */
  async #located(index: number, name: string): Promise<ArgumentError> {
    const again = await this.#dataset.get?.(index);
    let found: NonFinite | undefined;
    for (const [key, value] of again ? namedTensors(again) : []) {
      if (key === name) found = nonFinite(await value.data(), value.shape);
      value.dispose();
    }
    // What a dataset draws, such as a random patch, need not come again.
    return dataError(index, this.#dataset, name, found ?? { what: "NaN or infinite values" });
  }
}

function checkSource(caller: string, sample: unknown, dataset: unknown): void {
  checkTensors(caller, sample);
  checkObject(caller, "dataset", dataset);
}

/** The tensors by the names that messages give them. */
function namedTensors({ x, y, params }: Tensors): [string, Tensor][] {
  const measured = y instanceof TensorList ? y.map((t, i): [string, Tensor] => [`y[${i}]`, t]) : [["y", y] as const];
  const named = [["x", x] as const, ...measured, ...Object.entries(params ?? {}).map(([k, v]) => [`params.${k}`, v])];
  return named.filter((entry): entry is [string, Tensor] => entry[1] instanceof Tensor);
}

/** Whether every value of a tensor on the CPU is finite; the sum of finite numbers can overflow, which costs a scan. */
function finiteOnCpu(value: Tensor): boolean {
  if (value.size === 0) return true;
  return Number.isFinite(noGrad(() => tidy(() => value.detach().sum().itemSync())));
}

/** For each image 0, or NaN where a value is NaN or infinite, as 0 times these is NaN: `[B, ...]` to `[B]`. */
function imageFlags(value: Tensor): Tensor {
  const images = value.shape[0] ?? 1;
  return keep(noGrad(() => tidy(() => value.detach().reshape([images, -1]).mul(0).sum(1).reshape([images]))));
}

/** What the first value is that is not finite, where, and how many there are. */
interface NonFinite {
  readonly what: string;
  readonly where?: string;
}

/** The NaN and infinite values among some numbers, if any. */
function nonFinite(data: ArrayLike<number>, shape: readonly number[]): NonFinite | undefined {
  let [first, count] = [-1, 0];
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    if (count === 0) first = i;
    count += 1;
  }
  if (count === 0) return undefined;
  const position: number[] = [];
  let rest = first;
  for (const n of [...shape].reverse()) {
    position.unshift(rest % n);
    rest = Math.floor(rest / n);
  }
  const at = shape.length > 0 ? ` at [${position.join(", ")}]` : "";
  return { what: String(data[first]), where: `${at} (${count} of ${data.length} values)` };
}

/** Where an example of a dataset comes from, if the dataset says so. */
export function sourceOf(dataset: DataSource, index: number): string | undefined {
  const { images, files, length } = dataset;
  const image = images?.[index];
  const page = image && images?.length !== files?.length ? `, page ${image.page}` : "";
  const file = files?.length === length ? files[index] : undefined;
  return dataset.source?.(index) ?? (image ? `${image.path}${page}` : file);
}

function dataError(index: number, dataset: DataSource, name: string, { what, where = "" }: NonFinite): ArgumentError {
  const className = dataset.constructor?.name;
  const kind = typeof className !== "string" || className === "Object" ? "the dataset" : className;
  const from = sourceOf(dataset, index);
  return new ArgumentError(
    `sample ${shown(index)} of ${kind}${from === undefined ? "" : ` (${from})`}: ${name} has ${what}${where}; ` +
      "replace such values, or leave the sample out.",
    "non_finite_data",
  );
}
