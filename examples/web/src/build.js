// Objects of the library from settings, as `adjoint train` makes them from a configuration.
import { loss, metric, nn, physics, transform } from "adjoint";
import { makeFilter } from "./blur.js";
import { FilledNetwork } from "./filled.js";

/** The physics. Without its mask or filter it can only be asked which losses fit. */
export function makePhysics({ name, noise, imgSize, mask, filter, ...rest }, options = {}) {
  const { name: kind, ...levels } = noise;
  const noiseModel = new physics[kind](levels);
  if (name === "Blur")
    return new physics.Blur({ ...rest, ...(filter ? { filter: makeFilter(filter) } : {}), noiseModel, ...options });
  return name === "Denoising"
    ? new physics.Denoising({ noiseModel })
    : new physics.Inpainting({ imgSize, noiseModel, ...(mask === undefined ? {} : { mask }), ...options });
}

/** The losses, for a Trainer. */
export function makeLosses(losses) {
  return losses.map(({ name, weight = 1, transform: namedTransform, metric: namedMetric, ...options }) => ({
    loss: new loss[name]({
      ...options,
      ...(namedTransform ? { transform: make(transform, namedTransform) } : {}),
      ...(namedMetric ? { metric: make(metric, namedMetric) } : {}),
    }),
    weight,
  }));
}

/** The untrained model. Its DnCNN starts as the identity and learns the residual. */
export function makeModel({ name, backboneNet, ...options }, rng) {
  const { name: _network, ...sizes } = backboneNet ?? options;
  const network = new nn.DnCNN({ ...sizes, rng });
  nn.startAtIdentity(network);
  if (name === "FilledNetwork") return new FilledNetwork({ ...options, backboneNet: network });
  return backboneNet ? make(nn, { name, ...options, backboneNet: network }) : network;
}

function make(classes, { name, ...options }) {
  return new classes[name](options);
}
