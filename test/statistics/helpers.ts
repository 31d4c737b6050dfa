import { Module } from "../../ts/nn/index.js";
import { Rng } from "../../ts/random/index.js";
import { noGrad, tensor, tidy, type Tensor } from "../../ts/tensor/index.js";

/** Side of the test image: 36 pixels. */
export const SIDE = 6;
const PIXELS = SIDE * SIDE;

/** A fixed smooth nonlinear map of 36 pixels, float64: `f(y) = y / 2 + W2 tanh(W1 y + c)`. */
export class TanhNet extends Module {
  private readonly first: Tensor;
  private readonly second: Tensor;
  private readonly shift: Tensor;

  constructor(seed = 5) {
    super();
    const rng = new Rng(seed);
    const like = { dtype: "float64" } as const;
    this.first = rng.normal([PIXELS, PIXELS], like).mul(0.3);
    this.second = rng.normal([PIXELS, PIXELS], like).mul(0.08);
    this.shift = rng.normal([1, PIXELS], like).mul(0.3);
  }

  forward(y: Tensor): Tensor {
    const flat = y.reshape([y.size / PIXELS, PIXELS]);
    const hidden = flat.matmul(this.first).add(this.shift).tanh();
    return flat
      .mul(0.5)
      .add(hidden.matmul(this.second))
      .reshape([...y.shape]);
  }
}

/** Squares each pixel. It is strongly curved, so that biases of higher order show; and they can be computed by hand. */
export class SquareNet extends Module {
  forward(y: Tensor): Tensor {
    return y.square();
  }
}

/** A fixed image with values between 0.2 and 1. */
export function image(): Tensor {
  const values = Float64Array.from({ length: PIXELS }, (_, i) => 0.6 + 0.4 * Math.sin(1.7 * i + 0.3));
  return tensor(values, { shape: [1, 1, SIDE, SIDE] });
}

/** An image repeated along the batch dimension. */
export function repeat(x: Tensor, batch: number): Tensor {
  return x.expand([batch, ...x.shape.slice(1)]);
}

/** Squared error per image, `[B]`. */
export function squaredError(a: Tensor, b: Tensor): Tensor {
  return a
    .sub(b)
    .square()
    .reshape([a.shape[0] ?? 1, PIXELS])
    .mean(1);
}

/** Mean of many draws and its standard error. */
export interface Estimate {
  mean: number;
  se: number;
}

/** Mean of independent values and its standard error. */
export function estimate(values: readonly number[]): Estimate {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  return { mean, se: Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / n / (n - 1)) };
}

/**
 * Averages `draw(rng, batch)`, which returns one value per batch element, over `chunks` batches.
 * All draws come from one seed: the figures are the same at every run.
 */
export function average(
  draw: (rng: Rng, batch: number) => Tensor,
  options: { batch: number; chunks: number; seed: number },
): Estimate {
  const rng = new Rng(options.seed);
  let [n, sum, squares] = [0, 0, 0];
  for (let chunk = 0; chunk < options.chunks; chunk++) {
    const values = noGrad(() => {
      let data: ArrayLike<number> = [];
      tidy(() => {
        data = draw(rng, options.batch).dataSync();
      });
      return data;
    });
    for (const v of Array.from(values)) {
      n += 1;
      sum += v;
      squares += v * v;
    }
  }
  const mean = sum / n;
  return { mean, se: Math.sqrt((squares / n - mean * mean) / (n - 1)) };
}
