import type { RandomSource } from "../random/index.js";
import { ShapeError } from "../runtime/index.js";
import { tensor, zeros, type Tensor } from "../tensor/index.js";

/** How pixels are hidden from a network. */
export interface BlindSpotSettings {
  /** Share of the pixels that are spots. */
  readonly rate: number;
  /** Side of the window that gives the new values, odd. */
  readonly window: number;
  readonly replacement: "uniform" | "median";
  /** Along which axis the pixels beside a spot are hidden too. */
  readonly structAxis: "none" | "horizontal" | "vertical" | "both";
  /** How many pixels are hidden along that axis, odd. */
  readonly structSpan: number;
}

/** Pixels of each image, which may lie outside of it: rows and columns `[B, n]`. */
interface Pixels {
  readonly rows: Tensor;
  readonly columns: Tensor;
}

/** Pixels as positions `[B, n]` in the flattened image, and 1 for those inside of it, 0 for the others. */
interface Positions {
  readonly index: Tensor;
  readonly inside: Tensor;
}

/**
 * A measurement whose spots are hidden, and where the spots are, 1 there and 0 elsewhere, `[B, C, H, W]` both.
 *
 * One spot is drawn in each box of `rate^-1/2` pixels a side, which spreads them evenly. The new values come from
 * pixels that are not hidden: the result does not depend on any hidden pixel.
 *
 * @throws ShapeError `shape_mismatch`.
 */
export function hideSpots(
  name: string,
  y: Tensor,
  settings: BlindSpotSettings,
  rng: RandomSource,
): { input: Tensor; spots: Tensor } {
  const [batch = 0, channels = 0, height = 0, width = 0] = y.shape;
  const side = Math.min(Math.max(2, Math.round(settings.rate ** -0.5)), height, width);
  if (y.shape.length !== 4 || !(side >= 2)) {
    throw new ShapeError(
      `${name}: y must have shape [B, C, H, W] with H and W of at least 2, got [${y.shape.join(", ")}]; ` +
        "give images.",
      "shape_mismatch",
    );
  }
  const size = height * width;
  const drawn = drawSpots(y, side, rng);
  const spot = positionsOf(drawn, height, width);
  const spots = zeros([batch, size], y).scatterAdd(spot.index, spot.inside, 1);

  const covered = around(drawn, coveredOffsets(settings));
  const { index, inside } = positionsOf(covered, height, width);
  const count = zeros([batch, size], y).scatterAdd(index, inside, 1);
  const visible = count.eq(0).unsqueeze(1);

  const neighbours = positionsOf(around(covered, squareOffsets(settings.window)), height, width);
  const shape = [batch, channels, index.shape[1] ?? 0, settings.window ** 2];
  const flat = y.reshape([batch, channels, size]);
  const at = neighbours.index.unsqueeze(1);
  const values = flat.gather(at.expand([batch, channels, -1]), 2).reshape(shape);
  const usable = visible
    .gather(at, 2)
    .mul(neighbours.inside.unsqueeze(1))
    .reshape([batch, 1, ...shape.slice(2)]);
  const choice = settings.replacement === "median" ? median(values, usable) : values.mul(oneOf(usable, rng)).sum(3);
  // Where the whole window is hidden, the mean of what is not hidden.
  const mean = flat.mul(visible).sum(2, true).div(visible.sum(2, true).maximum(1));
  const value = choice.add(usable.sum(3).eq(0).mul(mean)).mul(inside.unsqueeze(1));
  // Of a pixel that several spots cover the mean of its new values.
  const replaced = zeros([batch, channels, size], y)
    .scatterAdd(index.unsqueeze(1).expand([batch, channels, -1]), value, 2)
    .div(count.maximum(1).unsqueeze(1));
  return {
    input: flat
      .mul(visible)
      .add(replaced)
      .reshape([...y.shape]),
    spots: spots.reshape([batch, 1, height, width]).expand([...y.shape]),
  };
}

/** One pixel in each box; in the boxes that the border cuts it may lie outside of the image. */
function drawSpots(y: Tensor, side: number, rng: RandomSource): Pixels {
  const [batch = 0, , height = 0, width = 0] = y.shape;
  const [down, across] = [Math.ceil(height / side), Math.ceil(width / side)];
  const boxes = Array.from({ length: down * across }, (_, i) => [Math.floor(i / across), i % across] as const);
  const place = rng.randint(0, side ** 2, [batch, boxes.length], y);
  // From the middle of a place, for quotients that are not rounded exactly.
  const row = place.add(0.5).div(side).floor();
  const corner = (axis: 0 | 1) =>
    tensor(
      boxes.map((box) => box[axis] * side),
      { dtype: y.dtype, device: y.device },
    );
  return { rows: row.add(corner(0)), columns: place.sub(row.mul(side)).add(corner(1)) };
}

type Offsets = readonly (readonly [down: number, across: number])[];

/** All steps inside of a rectangle around a pixel. */
function rectangle(height: number, width: number): Offsets {
  return Array.from({ length: height * width }, (_, i) => [
    Math.floor(i / width) - (height - 1) / 2,
    (i % width) - (width - 1) / 2,
  ]);
}

const squareOffsets = (side: number): Offsets => rectangle(side, side);

function coveredOffsets({ structAxis, structSpan }: BlindSpotSettings): Offsets {
  return rectangle(
    structAxis === "vertical" || structAxis === "both" ? structSpan : 1,
    structAxis === "horizontal" || structAxis === "both" ? structSpan : 1,
  );
}

/** For each pixel the pixels at some offsets from it, `[B, n]` to `[B, n k]`. */
function around({ rows, columns }: Pixels, offsets: Offsets): Pixels {
  const moved = (from: Tensor, axis: 0 | 1): Tensor =>
    from
      .unsqueeze(2)
      .add(
        tensor(
          offsets.map((offset) => offset[axis]),
          { dtype: from.dtype, device: from.device },
        ),
      )
      .reshape([from.shape[0] ?? 0, -1]);
  return { rows: moved(rows, 0), columns: moved(columns, 1) };
}

function positionsOf({ rows, columns }: Pixels, height: number, width: number): Positions {
  const within = (place: Tensor, length: number) => place.ge(0).mul(place.lt(length));
  return {
    index: rows
      .clamp(0, height - 1)
      .mul(width)
      .add(columns.clamp(0, width - 1)),
    inside: within(rows, height).mul(within(columns, width)),
  };
}

/** 1 for one usable entry of the last axis, drawn with equal chances, 0 for the others. */
function oneOf(usable: Tensor, rng: RandomSource): Tensor {
  const [batch = 0, , pixels = 0, entries = 0] = usable.shape;
  const upTo = Array.from({ length: entries ** 2 }, (_, i) => (Math.floor(i / entries) <= i % entries ? 1 : 0));
  const like = { dtype: usable.dtype, device: usable.device };
  // The number of usable entries up to each, itself included.
  const number = usable.matmul(tensor(upTo, { ...like, shape: [1, 1, entries, entries] }));
  const total = usable.sum(3, true);
  const wanted = rng.uniform([batch, pixels], usable).reshape([batch, 1, pixels, 1]).mul(total).floor().add(1);
  return usable.mul(number.eq(wanted.minimum(total)));
}

/** The median of the usable entries of the last axis, of an even number the mean of the two in the middle. */
function median(values: Tensor, usable: Tensor): Tensor {
  const entries = values.shape[3] ?? 0;
  const order = tensor(
    Array.from({ length: entries }, (_, i) => i),
    { dtype: values.dtype, device: values.device },
  );
  // How many usable entries come before each; of equal ones the first comes first.
  let rank = values.mul(0);
  for (let i = 0; i < entries; i++) {
    const other = values.slice([0, 0, 0, i], [...values.shape.slice(0, 3), i + 1]);
    const counts = usable.slice([0, 0, 0, i], [...usable.shape.slice(0, 3), i + 1]);
    const before = values.gt(other).add(values.eq(other).mul(order.gt(i)));
    rank = rank.add(before.mul(counts));
  }
  const total = usable.sum(3, true);
  const lower = total.sub(1).div(2).floor();
  const upper = total.div(2).floor();
  return values
    .mul(usable)
    .mul(rank.eq(lower).add(rank.eq(upper)))
    .sum(3)
    .div(2);
}
