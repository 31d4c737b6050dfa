import { zeros } from "../../tensor/index.js";
import type { DnCNN } from "./dncnn.js";

/**
 * Sets the last convolution of a DnCNN to zero, so that the untrained network returns its input: R(y) = y + 0.
 * Kaiming's law alone adds noise of the size of the image to it, which a short training has to unlearn first.
 */
export function startAtIdentity({ outConv }: DnCNN): void {
  for (const parameter of outConv.parameters())
    parameter.assign_(zeros(parameter.shape, { dtype: parameter.dtype, device: parameter.device }));
}
