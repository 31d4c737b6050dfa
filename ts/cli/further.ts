import type { Metric } from "../metric/index.js";
import * as physics from "../physics/index.js";
import type { Tensor } from "../tensor/index.js";
import type { Transform } from "../transform/index.js";

/**
 * What a configuration can name besides classes, by kind: combinations, and functions that compute filters. The
 * generator of the tables (`scripts/config`) reads their options from these types, as it does from constructors.
 */
export const further = {
  physics: {
    /** Applies operators in the order of the list; the noise is that of the last one. */
    compose({ list }: PhysicsList): physics.Physics {
      return physics.compose(...list.slice(0, -1), list.at(-1) as physics.Physics);
    },
    /** Measures the same image by each operator of the list, with its own noise. */
    stack({ list }: PhysicsList): physics.StackedPhysics {
      return physics.stack(...list);
    },
  },
  metric: {
    /** The sum of the metrics of the list, each with its own options. */
    add: ({ list }: MetricList): Metric => list.reduce((a, b) => a.add(b)),
  },
  transform: {
    /** One transform after the other, as a plain list of them is. */
    compose: ({ list }: TransformList): Transform => list.reduce((a, b) => a.compose(b)),
    /** One transform of the list at random, for each image. */
    or: ({ list }: TransformList): Transform => list.reduce((a, b) => a.or(b)),
    /** The images under each transform of the list, one after the other in the batch. */
    add: ({ list }: TransformList): Transform => list.reduce((a, b) => a.add(b)),
  },
  filter: {
    /** A Gaussian filter. */
    gaussian: (options: GaussianOptions): Tensor => physics.gaussianBlur(options),
    /** A disk, as of a lens out of focus. */
    disk: (options: DiskOptions): Tensor => physics.diskBlur(options),
    /** A line, as of a movement. */
    motion: (options: MotionOptions): Tensor => physics.motionBlur(options),
    /** The filter of bilinear interpolation by a factor. */
    bilinear: ({ factor }: FactorOption): Tensor => physics.bilinearFilter(factor),
    /** The filter of bicubic interpolation by a factor. */
    bicubic: ({ factor }: FactorOption): Tensor => physics.bicubicFilter(factor),
    /** A low-pass filter for downsampling by a factor: a sinc with a Kaiser window. */
    sinc: ({ factor, length }: SincOptions): Tensor => physics.sincFilter(factor, length),
  },
};

/** Operators of a combination. */
interface PhysicsList {
  /** The operators; those of a composition in the order in which they are applied. */
  readonly list: readonly physics.Physics[];
}

/** Transforms of a combination. */
interface TransformList {
  /** The transforms. */
  readonly list: readonly Transform[];
}

/** Metrics of a sum. */
interface MetricList {
  /** The metrics. */
  readonly list: readonly Metric[];
}

interface DiskOptions {
  /** Radius in pixels. */
  readonly radius: number;
  /** Height and width of the filter. Default: as large as the radius needs. */
  readonly size?: readonly [number, number];
}

interface MotionOptions {
  /** Length in pixels. */
  readonly length: number;
  /** Degrees, anticlockwise from the horizontal. Default: 0. */
  readonly angle?: number;
  /** Height and width of the filter. Default: as large as the length needs. */
  readonly size?: readonly [number, number];
}

interface GaussianOptions {
  /** Standard deviation in pixels, or that along the height and that along the width. Default: 1. */
  readonly sigma?: number | readonly [number, number];
  /** Rotation in degrees. Default: 0. */
  readonly angle?: number;
  /** Height and width of the filter. Default: as large as sigma needs. */
  readonly size?: readonly [number, number];
}

interface FactorOption {
  /** Pixels of the fine image for each pixel of the coarse one, along an axis. */
  readonly factor: number;
}

interface SincOptions extends FactorOption {
  /** Side of the filter in pixels. Default: 4 times the factor. */
  readonly length?: number;
}
