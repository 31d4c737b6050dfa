/** Grey pixels, row by row, values from 0 to 1. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly values: ArrayLike<number>;
}

/** What the worker sends to the page. */
export type Message =
  | { readonly type: "step"; readonly step: number; readonly steps: number }
  | { readonly type: "done"; readonly noisy: Picture; readonly cleaned: Picture; readonly gain: number }
  | { readonly type: "failed"; readonly text: string };
