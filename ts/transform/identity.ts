import { checkOptions } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { Transform } from "./transform.js";

/** The identity transform. It has no parameters. */
export class Identity extends Transform {
  override readonly paramNames = [] as const;

  /** @throws ArgumentError `unknown_option`, `invalid_argument`: it takes no options. */
  constructor(options: Readonly<Record<string, never>> = {}) {
    super("Identity");
    checkOptions("Identity", options, []);
  }

  protected override draw(): Record<string, never> {
    return {};
  }

  protected override apply(x: Tensor): Tensor {
    return x;
  }
}
