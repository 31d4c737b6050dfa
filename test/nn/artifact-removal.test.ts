import { beforeAll, describe, expect, it } from "vitest";
import { ArtifactRemoval, DnCNN, Identity, startAtIdentity } from "../../ts/nn/index.js";
import { Blur, Denoising, gaussianBlur, Inpainting, Physics } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError, init } from "../../ts/runtime/index.js";
import { distance, expectError } from "../physics/helpers.js";

let blur: Blur;
beforeAll(async () => {
  await init({ device: "cpu" });
  blur = new Blur({ filter: gaussianBlur({ sigma: 1, size: [5, 5] }), padding: "valid" });
});

describe("ArtifactRemoval with mode prox", () => {
  it("gives the network argmin_z gamma/2 |A z - y|^2 + 1/2 |z - A^T y|^2", () => {
    const y = new Rng(1).uniform([2, 1, 9, 8]);
    const z = new ArtifactRemoval({ backboneNet: new Identity(), mode: "prox", gamma: 30 }).forward(y, blur);
    expect(z.shape).toEqual([2, 1, 13, 12]);
    // The gradient vanishes: gamma A^T (A z - y) + z - A^T y = 0.
    const gradient = blur.AAdjoint(blur.A(z).sub(y)).mul(30).add(z).sub(blur.AAdjoint(y));
    expect(gradient.abs().max().itemSync()).toBeLessThan(1e-4);
    // In closed form for the default gamma of 1: y where it is measured, A^T y = 0 elsewhere.
    const mask = new Rng(2).bernoulli([1, 1, 9, 8], 0.5);
    const inpainting = new Inpainting({ imgSize: [1, 9, 8], mask });
    expect(
      distance(
        new ArtifactRemoval({ backboneNet: new Identity(), mode: "prox" }).forward(y.mul(mask), inpainting),
        y.mul(mask),
      ),
    ).toBeLessThan(1e-6);
  });

  it("lies between A^T y and A^+ y", () => {
    const x = new Rng(3).uniform([1, 1, 16, 16]);
    const y = blur.A(x);
    const off = (mode: "adjoint" | "prox", gamma = 1) =>
      blur
        .A(new ArtifactRemoval({ backboneNet: new Identity(), mode, gamma }).forward(y, blur))
        .sub(y)
        .norm()
        .itemSync();
    const residuals = [off("adjoint"), off("prox", 1e-4), off("prox", 1), off("prox", 100), off("prox", 1e4)];
    expect(residuals[1]! / residuals[0]!).toBeCloseTo(1, 3);
    for (let i = 2; i < residuals.length; i++) expect(residuals[i]!).toBeLessThan(residuals[i - 1]! / 1.2);
  });

  it("refuses other modes, and a physics that is not linear", () => {
    const backboneNet = new Identity();
    expectError(
      () => new ArtifactRemoval({ backboneNet, mode: "proximal" as never }),
      ArgumentError,
      "invalid_argument",
      "prox",
    );
    for (const gamma of [0, -1, Number.NaN])
      expectError(
        () => new ArtifactRemoval({ backboneNet, mode: "prox", gamma }),
        ArgumentError,
        "invalid_argument",
        "gamma",
      );
    expectError(
      () =>
        new ArtifactRemoval({ backboneNet, mode: "prox" }).forward(
          new Rng(0).uniform([1, 1, 4, 4]),
          new Physics() as never,
        ),
      ArgumentError,
      "missing_physics",
      "prox",
    );
  });
});

it("startAtIdentity: the untrained DnCNN returns its input, and its other layers are unchanged", () => {
  const network = new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4, rng: new Rng(0) });
  const before = network.stateDict()["in_conv.weight"]!;
  startAtIdentity(network);
  const y = new Rng(1).uniform([1, 1, 8, 8]);
  expect(distance(network.forward(y, new Denoising()), y)).toBe(0);
  expect(distance(network.stateDict()["in_conv.weight"]!, before)).toBe(0);
});
