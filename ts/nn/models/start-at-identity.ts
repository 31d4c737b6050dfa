import { zeros } from "../../tensor/index.js";
import type { DnCNN } from "./dncnn.js";

/**
 * Sets the last convolution of a DnCNN to zero, so that the untrained network returns its input: `R(y) = y + 0`.
 *
 * With Kaiming initialisation alone the residual is as large as the image, and a short training spends its steps on
 * removing it.
 */
export function startAtIdentity({ outConv }: DnCNN): void {
  for (const parameter of outConv.parameters())
    parameter.assign_(zeros(parameter.shape, { dtype: parameter.dtype, device: parameter.device }));
}
