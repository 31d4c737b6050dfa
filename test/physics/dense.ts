import { svd } from "../../ts/physics/functional/svd.js";
import { tensor, type Tensor } from "../../ts/tensor/index.js";

/** A matrix in row-major order. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

/** The matrix of a linear map on tensors of a shape, column by column. */
export function denseMatrix(map: (x: Tensor) => Tensor, shape: readonly number[]): Matrix {
  const columns = shape.reduce((a, b) => a * b, 1);
  const seen = Array.from({ length: columns }, (_, j) => {
    const unit = new Float64Array(columns);
    unit[j] = 1;
    return map(tensor(unit, { shape })).dataSync();
  });
  const rows = seen[0]?.length ?? 0;
  const data = Float64Array.from(
    { length: rows * columns },
    (_, k) => seen[k % columns]?.[Math.floor(k / columns)] ?? NaN,
  );
  return { rows, columns, data };
}

/** A product of a matrix and a vector. */
export function times({ rows, columns, data }: Matrix, v: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += (data[i * columns + j] as number) * (v[j] as number);
    return sum;
  });
}

/** A product of two matrices. */
export function product(a: Matrix, b: Matrix): Matrix {
  const columns = Array.from({ length: b.columns }, (_, j) =>
    times(
      a,
      Float64Array.from({ length: b.rows }, (__, i) => b.data[i * b.columns + j] as number),
    ),
  );
  return {
    rows: a.rows,
    columns: b.columns,
    data: Float64Array.from(
      { length: a.rows * b.columns },
      (_, k) => columns[k % b.columns]?.[Math.floor(k / b.columns)] ?? NaN,
    ),
  };
}

/** The transpose. */
export function transpose({ rows, columns, data }: Matrix): Matrix {
  return {
    rows: columns,
    columns: rows,
    data: Float64Array.from(
      { length: rows * columns },
      (_, k) => data[(k % rows) * columns + Math.floor(k / rows)] as number,
    ),
  };
}

/** Largest difference of two matrices. */
export function difference(a: Matrix, b: Matrix): number {
  return a.data.reduce((most, v, i) => Math.max(most, Math.abs(v - (b.data[i] ?? NaN))), 0);
}

/** The Moore-Penrose inverse; singular values below `cut` times the largest count as zero. */
export function pseudoInverse({ rows, columns, data }: Matrix, cut = 1e-7): Matrix {
  const { u, s, vt } = svd(data, rows, columns);
  const k = s.length;
  const least = cut * (s[0] ?? 0);
  const inverse = Float64Array.from({ length: columns * rows }, (_, at) => {
    const [j, i] = [Math.floor(at / rows), at % rows];
    let sum = 0;
    for (let r = 0; r < k; r++)
      if ((s[r] as number) > least)
        sum += ((vt[r * columns + j] as number) * (u[i * k + r] as number)) / (s[r] as number);
    return sum;
  });
  return { rows: columns, columns: rows, data: inverse };
}
