import type { Tensor } from "../tensor/index.js";
import { Transform } from "./transform.js";

/** The transform that leaves images as they are. It has no parameters. */
export class Identity extends Transform {
  override readonly paramNames = [] as const;

  constructor() {
    super("Identity");
  }

  protected override draw(): Record<string, never> {
    return {};
  }

  protected override apply(x: Tensor): Tensor {
    return x;
  }
}
