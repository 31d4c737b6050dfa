import type { adversarial, Loss } from "../../ts/loss/index.js";
import { stack, type Tensor } from "../../ts/tensor/index.js";
import type { CaseData } from "./case-data.js";
import { buildPhysics, findClass, resolve } from "./library.js";
import { GoldenNetwork } from "./network.js";
import type { Result } from "./result.js";

/** Losses of generators and discriminators, with a discriminator of the case's own. */
export function runAdversarial(data: CaseData): Result {
  const { golden } = data;
  const made = new (findClass(golden.class, golden.name))(resolve(golden.params, data));
  if (golden.class === "adversarial.DiscriminatorMetric")
    return runMetric(data, made as adversarial.DiscriminatorMetric);
  const loss = made as Loss;
  const physics = buildPhysics(data);
  const model = new GoldenNetwork(golden.model ?? {}, data);
  const D = new GoldenNetwork(golden.discriminator ?? {}, data);
  if (!physics) throw new Error(`${golden.name}: the case has no physics`);
  const xNet = model.forward(data.input("y"), physics);
  // The real image or measurement; UAIR compares with the measurement itself.
  const real = data.input(golden.inputs.real === undefined ? "y" : "real");
  const value = loss.forward({ xNet, x: real, y: real, physics, model, D });
  const supervised = loss.name.startsWith("Sup");
  const fake = (): Tensor => (supervised ? xNet : physics.A(xNet));
  return { value: value.mean(), leaves: new Map([...model.weights, ...D.weights]), outputs: { fake, yHat: fake } };
}

function runMetric(data: CaseData, metric: adversarial.DiscriminatorMetric): Result {
  const pred = data.input("pred");
  const [real, fake] = [metric.forward(pred, true), metric.forward(pred, false)];
  return { value: stack([real, fake], 0), objective: real.add(fake.mul(2)), leaves: new Map([["pred", pred]]) };
}
