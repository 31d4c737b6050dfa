import { encodePng, type Pixels } from "../io/index.js";
import { noGrad, tensor, type Tensor, tidy } from "../tensor/index.js";
import { tickText } from "./axis.js";
import type { ReportFigure } from "./report.js";

/** What is shown of an evaluation image. */
const NAMES = ["y", "xNet", "x"] as const;
type Name = (typeof NAMES)[number];

/** An evaluation image after a step, in host memory. */
interface Picture {
  readonly step: number;
  readonly images: Partial<Record<Name, Pixels>>;
}

const MAX_KEPT = 8;
const MAX_SIDE = 256;

/** The first image of the evaluation data over a training: the latest, and up to eight earlier ones for a report. */
export class Pictures {
  readonly #caption: string;
  #kept: Picture[] = [];
  #latest: Picture | undefined;
  #count = 0;
  #stride = 1;

  constructor(caption = "First image of the evaluation data") {
    this.#caption = caption;
  }

  /** Whether nothing was taken. */
  get isEmpty(): boolean {
    return this.#latest === undefined;
  }

  /** Reads the first image of a batch back. */
  async take(step: number, batch: Readonly<Partial<Record<Name, Tensor>>>): Promise<void> {
    // An evaluation that was aborted begins again.
    if (this.#latest?.step === step) return;
    const images: Partial<Record<Name, Pixels>> = {};
    for (const name of NAMES) {
      const shown = batch[name] && visible(batch[name]);
      if (!shown) continue;
      images[name] = { data: Float32Array.from(await shown.data()), shape: shown.shape as [number, number, number] };
      shown.dispose();
    }
    this.#latest = { step, images };
    if (this.#count++ % this.#stride === 0) this.#kept.push(this.#latest);
    if (this.#kept.length <= MAX_KEPT) return;
    this.#kept = this.#kept.filter((_, i) => i % 2 === 0);
    this.#stride *= 2;
  }

  /** The latest images as tensors `[C, H, W]` by name, which the caller frees: `eval/y`, `eval/xNet`, `eval/x`. */
  latest(): Record<string, Tensor> {
    const entries = Object.entries(this.#latest?.images ?? {});
    return Object.fromEntries(entries.map(([name, { data, shape }]) => [`eval/${name}`, tensor(data, { shape })]));
  }

  /**
   * Measurement, reconstruction and ground truth side by side, and the reconstructions over the training; empty where
   * nothing was taken.
   */
  async figures(): Promise<ReportFigure[]> {
    const latest = this.#latest;
    if (!latest) return [];
    const { y, xNet, x } = latest.images;
    const range = rangeOf(x ?? y ?? xNet);
    const inDecibels = (pixels: Pixels | undefined): string => decibels(pixels, x, range);
    const shown = range.isUsual ? "" : `, shown from ${tickText(range.low)} to ${tickText(range.high)}`;
    const compared = await figure(`${this.#caption}, before and after${shown}`, range, [
      { label: `measurement${inDecibels(y)}`, pixels: y },
      { label: `reconstruction${inDecibels(xNet)}`, pixels: xNet },
      { label: "ground truth", pixels: x },
    ]);
    const steps = this.#kept.at(-1) === latest ? this.#kept : [...this.#kept, latest];
    if (steps.length < 2) return compared;
    const over = steps.map(({ step, images }) => ({
      label: `step ${step}${inDecibels(images.xNet)}`,
      pixels: images.xNet,
    }));
    return [...compared, ...(await figure("The reconstruction over the training", range, over))];
  }
}

interface Cell {
  readonly label: string;
  readonly pixels: Pixels | undefined;
}

async function figure(caption: string, range: Range, cells: readonly Cell[]): Promise<ReportFigure[]> {
  const images = [];
  for (const { label, pixels } of cells) if (pixels) images.push({ label, png: await pngOf(pixels, range) });
  return images.length > 0 ? [{ caption, images }] : [];
}

/** What is shown black and white. */
interface Range {
  readonly low: number;
  readonly high: number;
  /** Whether it is 0 to 1. */
  readonly isUsual: boolean;
}

/** 0 to 1 of images that have such values; of others from their smallest to their largest value. */
function rangeOf(image: Pixels | undefined): Range {
  let [low, high] = [Infinity, -Infinity];
  for (const value of image?.data ?? []) {
    if (Number.isFinite(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  const isUsual = low > high || (low > -0.75 && high > 0.2 && high < 1.75);
  if (isUsual) return { low: 0, high: 1, isUsual };
  return high > low ? { low, high, isUsual } : { low, high: low + 1, isUsual };
}

/** The PSNR of an image with respect to the ground truth, as a text; empty where it has none. */
function decibels(image: Pixels | undefined, truth: Pixels | undefined, { low, high }: Range): string {
  if (!image || !truth || image.shape.join() !== truth.shape.join()) return "";
  const sum = image.data.reduce((total, value, i) => total + (value - (truth.data[i] as number)) ** 2, 0);
  const psnr = 10 * Math.log10(((high - low) ** 2 * image.data.length) / sum);
  return Number.isFinite(psnr) ? `, ${psnr.toFixed(1)} dB` : "";
}

async function pngOf({ data, shape }: Pixels, { low, high }: Range): Promise<Uint8Array> {
  const image = tensor(
    data.map((value) => (value - low) / (high - low)),
    { shape },
  );
  const png = await encodePng(image);
  image.dispose();
  return png;
}

/**
 * The centre of the first image of a batch `[B, C, H, W]` with 1 or 3 channels: of two, the magnitude of a complex
 * image, of others the first; of sequences the first frame. Undefined for what is no image.
 */
function visible(batch: Tensor): Tensor | undefined {
  if (batch.shape.length < 4 || batch.shape.length > 5) return undefined;
  return noGrad(() =>
    tidy(() => {
      const image = batch.detach().select(0, 0);
      const frame = image.shape.length === 4 ? image.select(1, 0) : image;
      const [channels = 1, height = 1, width = 1] = frame.shape;
      const crop = [height, width].map((side) => Math.max(0, Math.floor((side - MAX_SIDE) / 2))) as [number, number];
      const [top, left] = crop;
      const cut = frame.slice(
        [0, top, left],
        [channels, Math.min(height, top + MAX_SIDE), Math.min(width, left + MAX_SIDE)],
      );
      if (channels === 2) return cut.square().sum(0, true).sqrt();
      return channels === 1 || channels === 3 ? cut.clone() : cut.slice([0, 0, 0], [1, ...cut.shape.slice(1)]).clone();
    }),
  );
}
