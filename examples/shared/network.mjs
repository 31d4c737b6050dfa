import { nn, zeros } from "adjoint";

/**
 * A small DnCNN for grey images whose last convolution is initialised to zero: the untrained network is the identity,
 * which shortens the training. `rng` draws the other weights.
 */
export function denoiser({ depth = 5, nf = 24, bias = true, rng }) {
  const network = new nn.DnCNN({ inChannels: 1, outChannels: 1, depth, nf, bias, rng });
  network.outConv.weight.assign_(zeros(network.outConv.weight.shape));
  return network;
}
