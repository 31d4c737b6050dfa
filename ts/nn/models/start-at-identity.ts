import { ArgumentError, shown } from "../../runtime/index.js";
import { freeOnError, zeros } from "../../tensor/index.js";
import { DnCNN } from "./dncnn.js";

/**
 * Sets the last convolution of a DnCNN to zero, so that the untrained network returns its input: `R(y) = y + 0`.
 *
 * With Kaiming initialisation alone the residual is as large as the image, and a short training spends its steps on
 * removing it.
 *
 * @throws ArgumentError `invalid_argument` for another network.
 */
export function startAtIdentity(network: DnCNN): void {
  if (!(network instanceof DnCNN))
    throw new ArgumentError(`startAtIdentity: the network is ${shown(network)}, expected a DnCNN.`, "invalid_argument");
  for (const parameter of network.outConv.parameters())
    freeOnError(() => parameter.assign_(zeros(parameter.shape, { dtype: parameter.dtype, device: parameter.device })));
}
