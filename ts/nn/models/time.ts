import type { NoiseModel, OperatorKind, Physics } from "../../physics/index.js";
import { ArgumentError, checkNumber, checkOptions, ShapeError } from "../../runtime/index.js";
import { handleOf, Tensor, where, checkTensor, freeOnError } from "../../tensor/index.js";
import { Module } from "../module.js";
import type { Condition, ReconstructOptions } from "../types.js";

/** Any physics. */
type AnyPhysics = Physics<NoiseModel, OperatorKind>;

/** A network for single images `[B, C, H, W]`, such as a UNet or an ArtifactRemoval. */
export type ImageNetwork = Module & {
  /** The reconstruction. */
  forward(y: Tensor, condition?: Condition, options?: ReconstructOptions): Tensor;
};

/** Options of {@link TimeAgnosticNet} and {@link TimeAveragingNet}. */
export interface TimeNetOptions {
  /** The network for single images. */
  backboneNet:
    | ImageNetwork
    | (Module & { forward(y: Tensor, physics?: AnyPhysics, options?: ReconstructOptions): Tensor });
}

function backbone(name: string, options: TimeNetOptions): ImageNetwork {
  checkOptions(name, options, ["backboneNet"]);
  if (typeof (options?.backboneNet as Partial<ImageNetwork> | undefined)?.forward !== "function") {
    throw new ArgumentError(
      `${name}: backboneNet has no forward function; give it a network for single images, such as new UNet().`,
      "invalid_argument",
    );
  }
  return options.backboneNet as ImageNetwork;
}

function checkSequence(name: string, y: Tensor): void {
  if (y.shape.length === 5) return;
  throw new ShapeError(
    `${name}: y has shape [${y.shape.join(", ")}], expected a sequence [batch, channels, frames, height, width].`,
    "shape_mismatch",
  );
}

/**
 * Frames as a batch: `[B, C, T, H, W]` to `[B T, C, H, W]`.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`.
 */
export function framesToBatch(x: Tensor): Tensor {
  handleOf(x);
  checkSequence("framesToBatch", x);
  const [b = 1, c = 1, t = 1, h = 1, w = 1] = x.shape;
  return x.permute([0, 2, 1, 3, 4]).reshape([b * t, c, h, w]);
}

/**
 * The inverse of {@link framesToBatch}: `[B T, C, H, W]` to `[B, C, T, H, W]`.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`.
 */
export function batchToFrames(x: Tensor, batch: number): Tensor {
  handleOf(x);
  checkNumber("batchToFrames", "batch", batch, { integer: true, min: 1 });
  const [bt = 1, c = 1, h = 1, w = 1] = x.shape;
  return freeOnError(() => x.reshape([batch, bt / batch, c, h, w]).permute([0, 2, 1, 3, 4]));
}

/**
 * One image from all frames: the sum over time divided by how often each entry was measured, 0 where it never was.
 *
 * `x` and `mask` are `[B, C, T, H, W]`, the result `[B, C, H, W]`. Without a mask, entries that are not 0 count as
 * measured.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`.
 */
export function timeAverage(x: Tensor, mask?: Tensor): Tensor {
  handleOf(x);
  if (mask !== undefined) handleOf(mask);
  checkSequence("timeAverage", x);
  const measured = mask ? mask.to(x.dtype).to(x.device) : x.detach().ne(0);
  const count = measured.sum(2);
  const seen = count.ne(0);
  return x
    .sum(2)
    .mul(seen)
    .div(where(seen, count, seen.neg().add(1)));
}

/**
 * Makes a network for single images work on sequences, frame by frame: `[B, C, T, H, W]` in and out.
 *
 * The network sees the frames as a batch, with the physics of single frames where the physics has a `toFrames` method
 * (DynamicMRI). State names: backbone_net.*.
 */
export class TimeAgnosticNet extends Module {
  /** The network for single images. */
  readonly backboneNet: ImageNetwork;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: TimeNetOptions) {
    super();
    this.backboneNet = backbone("TimeAgnosticNet", options);
  }

  /** The reconstruction of each frame. */
  forward(y: Tensor, physics?: AnyPhysics, options?: ReconstructOptions): Tensor {
    checkTensor("TimeAgnosticNet", "y", y);
    return freeOnError(() => {
      checkSequence("TimeAgnosticNet.forward", y);
      const batch = y.shape[0] as number;
      const dynamic = physics as Partial<{ toFrames(batch: number): AnyPhysics }> | undefined;
      const single = typeof dynamic?.toFrames === "function" ? dynamic.toFrames(batch) : physics;
      return batchToFrames(this.backboneNet.forward(framesToBatch(y), single, options), batch);
    });
  }
}

/**
 * Makes a network for single images reconstruct one image from a sequence: `[B, C, T, H, W]` in, `[B, C, H, W]` out.
 *
 * The network sees the average over time of the measurements, entry by entry over the frames that measured it, with the
 * physics' `toStatic()` where it has that method (DynamicMRI, SequentialMRI). State names: backbone_net.*.
 */
export class TimeAveragingNet extends Module {
  /** The network for single images. */
  readonly backboneNet: ImageNetwork;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: TimeNetOptions) {
    super();
    this.backboneNet = backbone("TimeAveragingNet", options);
  }

  /** The reconstruction. */
  forward(y: Tensor, physics?: AnyPhysics, options?: ReconstructOptions): Tensor {
    checkTensor("TimeAveragingNet", "y", y);
    return freeOnError(() => {
      checkSequence("TimeAveragingNet.forward", y);
      const dynamic = physics as Partial<{ mask: unknown; toStatic(): AnyPhysics }> | undefined;
      const mask = dynamic?.mask instanceof Tensor && dynamic.mask.shape.length === 5 ? dynamic.mask : undefined;
      const single = typeof dynamic?.toStatic === "function" ? dynamic.toStatic() : physics;
      return this.backboneNet.forward(timeAverage(y, mask), single, options);
    });
  }
}
