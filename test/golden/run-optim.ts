import { SGD, type Optimizer, type Schedule } from "../../ts/optim/index.js";
import { tensor, type Tensor } from "../../ts/tensor/index.js";
import type { CaseData } from "./case-data.js";
import { findClass, resolve } from "./library.js";
import type { Result } from "./result.js";

/** An optimiser fed with given gradients, or the rates of a schedule. */
export function runOptim(data: CaseData): Result {
  return data.golden.inputs.params === undefined ? runSchedule(data) : runOptimizer(data);
}

function runOptimizer(data: CaseData): Result {
  const { golden } = data;
  const found = findClass(golden.class, golden.name);
  const keys = golden.inputs.params as readonly string[];
  const parameters = keys.map((key) => data.tensor(key, true));
  const optimizer = new found(parameters, resolve(golden.params, data)) as Optimizer;
  const outputs: Record<string, () => Tensor> = {};
  (golden.inputs.gradients as readonly (readonly string[])[]).forEach((gradients, step) => {
    optimizer.step(gradients.map((key) => data.tensor(key)));
    parameters.forEach((parameter, i) => {
      const copy = parameter.detach().clone();
      outputs[`p${i}.afterStep${step}`] = () => copy;
    });
  });
  return { outputs };
}

/** Entry k of the value is the rate of epoch k; the schedule steps once at the end of each epoch. */
function runSchedule(data: CaseData): Result {
  const { golden } = data;
  const found = findClass(golden.class, golden.name);
  const { baseLr, ...options } = resolve(golden.params, data) as Record<string, unknown>;
  const optimizer = new SGD([tensor([0], { requiresGrad: true })], { lr: baseLr as number });
  const schedule = new found(optimizer, options) as Schedule;
  const rates = Array.from({ length: data.raw(golden.expected.value ?? "").data.length }, () => {
    const rate = optimizer.learningRate;
    schedule.step();
    return rate;
  });
  return { value: tensor(rates, data.setting) };
}
