import { restoreByTiles, type TileOptions } from "../data/index.js";
import { checkGroup, type Group } from "../distributed/index.js";
import {
  type Pixels,
  parseSafetensorsFile,
  readSafetensorsFile,
  serializeSafetensors,
  writeFileAtomic,
} from "../io/index.js";
import { checkModel, type Reconstructor } from "../nn/index.js";
import { Denoising } from "../physics/index.js";
import { type RandomSource, resolveRng } from "../random/index.js";
import { ArgumentError, checkFunction, checkInstance, checkOptions, FormatError } from "../runtime/index.js";
import { noGrad, tensor, tidy } from "../tensor/index.js";
import { checkImages } from "./check-images.js";
import { Domain, type DomainNumbers } from "./domain.js";
import { LevelNetwork, margin, tile } from "./network.js";
import { withSimilarPatches, workOfPatches } from "./non-local.js";
import type { NoiseEstimate } from "./noise-estimate.js";
import { afterTile, type DenoiseProgress, Phases } from "./phases.js";
import type { Quality } from "./quality.js";
import { coarserScales, withCoarseScale, workOfScales } from "./scales.js";
import { SYMMETRIES, turnBack, turnPixels } from "./turns.js";

/** Options of {@link Denoiser.restore}. */
export interface RestoreOptions {
  /** Random stream, where noise was clipped. Default: that of the library. */
  readonly rng?: RandomSource;
  /** Aborting it ends the restoration with its reason. */
  readonly signal?: AbortSignal;
  /** Called after each part of the image. */
  readonly onProgress?: (progress: DenoiseProgress) => unknown;
  /**
   * Ranks that share the tiles of the image (docs/clusters.md): every rank has the same image, network and `rng`, makes
   * this call, and gets the whole result, the same bits for any number of ranks. Default: this program alone.
   */
  readonly group?: Group;
}

/** What a {@link Denoiser} is made of. */
export interface DenoiserParts {
  readonly model: Reconstructor;
  readonly domain: Domain;
  readonly quality: Quality;
  /** Name of the loss that was minimised. */
  readonly loss: string;
  /** Training steps. */
  readonly steps: number;
  /** Whether the network differs from the one at the start. */
  readonly isAdapted: boolean;
  /** The time of learning and restoring. */
  readonly phases?: Phases;
}

/** What a file says beside the weights. */
interface Saved {
  readonly version: 2;
  readonly noise: NoiseEstimate;
  readonly domain: DomainNumbers;
  readonly quality: Quality;
  readonly loss: string;
  readonly steps: number;
  readonly isAdapted: boolean;
}

/**
 * Work for each pixel of a picture, on all scales, in evaluations of the network; in a large picture a third is done.
 */
export const workPerRestoredPixel = SYMMETRIES * workOfScales + workOfPatches;

/**
 * Pixels above which a picture is flipped only, not turned, and similar patches are not looked for: on many pixels that
 * takes long.
 */
const LARGE = 2e6;

/** Key of {@link Saved} in the metadata of the file. */
const metadataKey = "adjoint.denoiser";

/** A network that has learned to denoise pictures of one kind; see {@link learn}. */
export class Denoiser {
  readonly noise: NoiseEstimate;
  readonly quality: Quality;
  /** Name of the loss that was minimised. */
  readonly loss: string;
  /** Training steps; 0 where the network at the start is taken as it is. */
  readonly steps: number;
  /** Whether the network learned from the images, and the images that were held back say that it became better. */
  readonly isAdapted: boolean;
  readonly #model: Reconstructor;
  readonly #domain: Domain;
  readonly #phases: Phases | undefined;

  constructor(parts: DenoiserParts) {
    checkOptions("Denoiser", parts, ["model", "domain", "quality", "loss", "steps", "isAdapted", "phases"]);
    const { model, domain, quality, loss, steps, isAdapted, phases } = parts;
    checkModel("Denoiser", "model", model);
    checkInstance("Denoiser", "domain", domain, Domain, "the scale of a learned model; use learn or Denoiser.load");
    this.#model = model;
    this.#domain = domain;
    this.#phases = phases;
    this.noise = domain.noise;
    this.quality = quality;
    this.loss = loss;
    this.steps = steps;
    this.isAdapted = isAdapted;
  }

  /**
   * Restores an image, in its units: the mean over all flips and turns, on three scales, and of that and what similar
   * patches give (`nonLocal`); of more than two million pixels over flips only, without patches.
   *
   * @throws ArgumentError `invalid_argument` as {@link learn}; when aborted, the signal's reason.
   */
  async restore(image: Pixels, options: RestoreOptions = {}): Promise<Pixels> {
    checkOptions("Denoiser.restore", options, ["rng", "signal", "onProgress", "group"]);
    checkImages("Denoiser.restore", [image]);
    const { signal, onProgress, group } = options;
    checkGroup("Denoiser.restore", group);
    if (signal !== undefined) checkInstance("Denoiser.restore", "signal", signal, AbortSignal, "an AbortSignal");
    if (onProgress !== undefined) checkFunction("Denoiser.restore", "onProgress", onProgress);
    const pixels = image.shape[1] * image.shape[2];
    const phases = this.#phases ?? new Phases(0, pixels * workPerRestoredPixel);
    this.#model.eval();
    // The network knows clipped noise, but not its means: for these what was clipped is drawn anew.
    const rng = resolveRng(options.rng);
    const coarser = coarserScales(this.#domain.enter(image, rng));
    const coarserPixels = coarser.reduce((sum, { shape: [, rows, columns] }) => sum + rows * columns, 0);
    const white = pixels > LARGE ? undefined : this.#domain.white;
    // What small images lack in scales, and others in patches, counts on the finest.
    const other = (SYMMETRIES * coarserPixels) / pixels + (white ? workOfPatches : 0);
    const onFinest = afterTile(phases, workPerRestoredPixel - other, options);
    const onCoarser = afterTile(phases, SYMMETRIES, options);
    const finest = { onTile: onFinest, group };
    let restored: Pixels | undefined;
    for (let scale = coarser.length; scale > 0; scale--)
      restored = await this.#restoreScale(coarser[scale - 1] as Pixels, scale, restored, { onTile: onCoarser, group });
    const network = await this.#restoreScale(image, 0, restored, finest);
    if (!white) return this.#domain.leave(network);
    const onTile = afterTile(phases, workOfPatches, options);
    const inside = this.#domain.enterAround(image, network, rng);
    return this.#domain.leave(await withSimilarPatches(inside, network, white, { onTile, group }));
  }

  /**
   * Restores an image of means of `4^scale` pixels, with what the next coarser scale gave. The finest is given in the
   * units of the picture.
   */
  async #restoreScale(
    given: Pixels,
    scale: number,
    coarse: Pixels | undefined,
    tiles: Pick<TileOptions, "onTile" | "group">,
  ): Promise<Pixels> {
    // Means of 2 x 2 pixels, whose neighbours are correlated by r and r^2, have (1 + r)^2 / 4 of the variance.
    const share = ((1 + this.noise.correlation) / 2) ** (2 * scale);
    const physics = new Denoising({ noiseModel: this.#domain.noiseOfMeans(share) });
    const symmetries = given.shape[1] * given.shape[2] * 4 ** scale > LARGE ? SYMMETRIES / 2 : SYMMETRIES;
    const evaluate = async (part: Pixels): Promise<Pixels> => {
      const mean = new Float32Array(part.data.length);
      const inside = scale === 0 ? this.#domain.enterClipped(part) : part;
      for (let k = 0; k < symmetries; k++) {
        const turned = turnPixels(inside, k);
        const output = noGrad(() =>
          tidy(() => this.#model.forward(tensor(turned.data, { shape: [1, ...turned.shape] }), physics)),
        );
        const { data } = turnBack({ data: Float32Array.from(await output.data()), shape: turned.shape }, k);
        output.dispose();
        for (let i = 0; i < mean.length; i++) mean[i] = (mean[i] as number) + (data[i] as number) / symmetries;
      }
      return { data: mean, shape: part.shape };
    };
    const restored = await restoreByTiles(given, { tile, margin, ...tiles }, evaluate);
    return coarse ? await withCoarseScale(restored, coarse) : restored;
  }

  /** The bytes of a safetensors file: the weights, and in its metadata noise and scale. */
  async toBytes(): Promise<Uint8Array> {
    const weights = this.#model.stateDict();
    const { noise, quality, loss, steps, isAdapted } = this;
    const saved: Saved = { version: 2, noise, domain: this.#domain.numbers, quality, loss, steps, isAdapted };
    try {
      return await serializeSafetensors(weights, { [metadataKey]: JSON.stringify(saved) });
    } finally {
      for (const value of Object.values(weights)) value.dispose();
    }
  }

  /** Writes {@link toBytes} to a file, atomically. */
  async save(path: string): Promise<void> {
    await writeFileAtomic(path, await this.toBytes());
  }

  /**
   * Loads what {@link save} has written.
   *
   * @throws FormatError `file_invalid` where the file is no such model, `safetensors_...`; ArgumentError
   * `file_not_found`.
   */
  static async load(file: string | Uint8Array): Promise<Denoiser> {
    const name = typeof file === "string" ? file : "Denoiser.load";
    const { tensors, metadata } = await (typeof file === "string"
      ? readSafetensorsFile(file)
      : parseSafetensorsFile(file));
    try {
      const { noise, domain, quality, loss, steps, isAdapted } = savedOf(metadata[metadataKey], name);
      const model = new LevelNetwork();
      try {
        model.loadStateDict(tensors);
      } catch (error) {
        model.dispose();
        throw error;
      }
      return new Denoiser({ model, domain: new Domain(noise, domain), quality, loss, steps, isAdapted });
    } catch (error) {
      if (!(error instanceof ArgumentError)) throw error;
      throw new FormatError(`${name}: the weights do not fit (${error.message})`, "file_invalid", { cause: error });
    } finally {
      for (const value of Object.values(tensors)) value.dispose();
    }
  }

  /** Frees the weights. */
  dispose(): void {
    for (const parameter of this.#model.parameters()) parameter.dispose();
  }
}

function savedOf(text: string | undefined, name: string): Saved {
  const refuse = (): never => {
    throw new FormatError(
      `${name}: the file is no model of adjoint denoise; make one with adjoint denoise --save.`,
      "file_invalid",
    );
  };
  if (text === undefined) return refuse();
  try {
    const saved = JSON.parse(text) as Partial<Saved>;
    return saved.version === 2 && saved.noise && saved.domain ? (saved as Saved) : refuse();
  } catch {
    return refuse();
  }
}
