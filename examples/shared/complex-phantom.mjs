import { cat, linspace } from "adjoint";
import { phantom } from "./phantom.mjs";

/** A random head phantom with a smooth random phase, `[1, 2, size, size]`. */
export function complexPhantom(rng, size) {
  const magnitude = phantom(rng, size);
  const ramp = linspace(-1, 1, size);
  const [across, down] = [ramp.reshape([1, 1, 1, size]), ramp.reshape([1, 1, size, 1])];
  const [tiltX, tiltY, bend] = [0, 1, 2].map(() => rng.uniform([1]).sub(0.5));
  const phase = across.mul(tiltX).add(down.mul(tiltY)).add(across.square().add(down.square()).mul(bend));
  return cat([magnitude.mul(phase.cos()), magnitude.mul(phase.sin())], 1);
}
