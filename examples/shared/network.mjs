import { nn, zeros } from "adjoint";

/**
 * A small DnCNN for grey images whose last convolution is zero: the untrained network returns its input, so that a
 * short training gets further. `rng` draws the other weights.
 */
export function denoiser({ depth = 5, nf = 24, bias = true, rng }) {
  const network = new nn.DnCNN({ inChannels: 1, outChannels: 1, depth, nf, bias, rng });
  network.outConv.weight.assign_(zeros(network.outConv.weight.shape));
  return network;
}
