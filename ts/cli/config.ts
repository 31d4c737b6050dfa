import type { Dataset, Measurement } from "../data/index.js";
import type { Loss } from "../loss/index.js";
import type { Metric } from "../metric/index.js";
import type { Reconstructor } from "../nn/index.js";
import type { Optimizer } from "../optim/index.js";
import type { AdversarialTrainerOptions, AnyPhysics, BestOptions, OneOrMore, WeightedLoss } from "../train/index.js";

/** Options of the trainers that `adjoint train` gives them itself, or in part. */
type Given = "trainData" | "evalData" | "checkpoint" | "historyPath" | "losses" | "lossesD" | "best" | "group";

/** A loss with a weight, or without. */
type AnyLoss = Loss | WeightedLoss;

/**
 * What a configuration of `adjoint train` and `adjoint test` holds, once the classes that it names are objects.
 *
 * From this interface, and those of the classes, `npm run generate` makes the tables by which configurations are
 * checked, their JSON schema, and the tables of docs/configuration.md.
 */
export interface Config extends Partial<Omit<AdversarialTrainerOptions, Given>> {
  /** The JSON schema of configurations, by which editors complete them; `adjoint train --print-schema` prints it. */
  readonly $schema?: string;
  /** The images. */
  readonly data: DataConfig;
  /** The operator with its noise: what makes the measurements; several are taken in turn, each with its data. */
  readonly physics: OneOrMore<AnyPhysics>;
  /** The network. */
  readonly model: Reconstructor;
  /**
   * Weights to start from: a file such as `.safetensors` or `.pth`, a folder with `model.safetensors`, or the address
   * of one, which is downloaded once. Default: random weights, from `--seed`.
   */
  readonly weights?: string;
  /**
   * One loss, or several, whose weighted sum is minimised; a loss without a `weight` has weight 1. With several
   * physics or data sets it may be a list of such lists, one for each.
   */
  readonly losses: AnyLoss | readonly (AnyLoss | readonly AnyLoss[])[];
  /** The optimiser. Default: Adam with learning rate 0.001. */
  readonly optimizer?: Optimizer;
  /** The losses of the discriminator `D`, which an adversarial training has. */
  readonly lossesD?: OneOrMore<AnyLoss>;
  /** The optimiser of the discriminator `D`. Default: Adam with learning rate 0.001. */
  readonly optimizerD?: Optimizer;
  /** Metrics of evaluations; the first is also measured on training batches. Default: PSNR. */
  readonly metrics?: readonly Metric[];
  /** What decides which weights are the best, which are written to model.safetensors. Default: as `earlyStop`. */
  readonly best?: Omit<BestOptions, "path" | "metadata">;
  /** Samples per step. Default: 8. */
  readonly batchSize?: number;
  /** Steps between checkpoints. Default: 500. */
  readonly checkpointEvery?: number;
  /** Folder of the results. Default: `results/<name of the configuration>`. */
  readonly out?: string;
}

/** The images of a training. */
export interface DataConfig {
  /** Folder of images to train on, or a dataset; of several, batches are taken in turn. */
  readonly train: OneOrMore<string | Dataset<Measurement>>;
  /** Folder of clean images, or a dataset, to evaluate on; several where there are several physics. Default: none. */
  readonly eval?: OneOrMore<string | Dataset<Measurement>>;
  /**
   * What `train` holds: clean images, of which the physics makes the measurements, or measurements. Noise that image
   * files have cut off at 0 and 1 is drawn anew where it is known. Default: `"images"`.
   */
  readonly holds?: "images" | "measurements";
  /** Channels of the images in folders; `"auto"`: those of each file. Default: `"auto"`. */
  readonly channels?: "grey" | "rgb" | "auto";
  /** Side, or height and width, of a crop from the centre of each image in folders. Default: whole images. */
  readonly size?: number | readonly [number, number];
  /**
   * Largest possible pixel value: noise levels above it are refused, and PSNR, the default metric, uses it. Default: 1.
   */
  readonly maxPixel?: number;
  /** Side, or height and width, of random patches to train on. Default: whole images. */
  readonly patch?: number | readonly [number, number];
  /** Patches per epoch. Default: 100 times the batch size. */
  readonly patchesPerEpoch?: number;
}
