import { nn } from "adjoint";

/**
 * The unrolled network MoDL with a final data-consistency step of the given weight: splitting does not predict the
 * centre of k-space, so nothing else would constrain it.
 */
export class ConsistentMoDL extends nn.Module {
  constructor({ denoiser, numIter, weight }) {
    super();
    this.network = new nn.MoDL({ denoiser, numIter });
    this.weight = weight;
  }

  forward(y, operator) {
    return operator.proxL2(this.network.forward(y, operator), y, this.weight);
  }
}
