import { grad, tidy, type Tensor } from "../../ts/tensor/index.js";
import { CaseData, type Setting } from "./case-data.js";
import { compare } from "./compare.js";
import type { GoldenCase, Values } from "./format.js";
import type { Result } from "./result.js";
import { runGenerator } from "./run-generator.js";
import { runLoss } from "./run-loss.js";
import { runMetric } from "./run-metric.js";
import { runNn } from "./run-nn.js";
import { runNoise, runPhysics } from "./run-physics.js";
import { runOptim } from "./run-optim.js";
import { runAdversarial } from "./run-adversarial.js";
import { runScheduler } from "./run-scheduler.js";
import { runSpectralNorm } from "./run-spectral-norm.js";
import { runTransform } from "./run-transform.js";

const RUNNERS: Readonly<Record<string, (data: CaseData) => Result>> = {
  loss: runLoss,
  metric: runMetric,
  physics: (data) => (data.golden.class.endsWith("Generator") ? runGenerator(data) : runPhysics(data)),
  noise: runNoise,
  nn: runNn,
  optim: runOptim,
  scheduler: runScheduler,
  transform: runTransform,
};

/** The kinds of cases; the groups of the files, but noise models apart from operators. */
export const FAMILIES = ["loss", "metric", "physics", "noise", "nn", "optim", "transform", "scheduler"] as const;
export type Family = (typeof FAMILIES)[number];

/** The kind of a case. */
export function familyOf(golden: GoldenCase): string {
  return golden.group === "physics" && golden.class.endsWith("Noise") ? "noise" : golden.group;
}

/**
 * Runs a case and compares everything it expects: value, gradients and further outputs.
 *
 * It needs no test framework and no files, so that it can run in any environment.
 *
 * @throws Error that names the case and says what is wrong.
 */
export async function runCase(
  golden: GoldenCase,
  values: ReadonlyMap<string, Values>,
  setting: Setting,
): Promise<void> {
  const data = new CaseData(golden, values, setting);
  let checks: Check[] = [];
  const results = tidy(() => {
    checks = collect(data, computed(data));
    return checks.map(({ got }) => got.detach().clone());
  });
  for (const [i, got] of results.entries()) {
    const { label, key } = checks[i] as Check;
    compare(golden, label, key, { shape: got.shape, data: Float64Array.from(await got.data()) }, data.raw(key));
    got.dispose();
  }
}

/** The losses that are called in another way than most. */
function special(name: string): ((data: CaseData) => Result) | undefined {
  if (name.endsWith("JacobianSpectralNorm")) return runSpectralNorm;
  return name.startsWith("adversarial.") ? runAdversarial : undefined;
}

/** Runs a case without comparing. */
export function computed(data: CaseData): Result {
  const { golden } = data;
  const runner = special(golden.class) ?? RUNNERS[familyOf(golden)];
  if (!runner) throw new Error(`${golden.name}: nothing runs cases of the group "${golden.group}" yet`);
  return runner(data);
}

interface Check {
  readonly label: string;
  readonly key: string;
  readonly got: Tensor;
}

/** Pairs what came out with what is expected; whatever is expected and did not come out is an error. */
function collect(data: CaseData, result: Result): Check[] {
  const { name, expected } = data.golden;
  const checks: Check[] = [];
  if (expected.value !== undefined) {
    if (!result.value) throw new Error(`${name}: a value is expected, but the case gives none`);
    checks.push({ label: "value", key: expected.value, got: result.value });
  }
  for (const [output, key] of Object.entries(expected.outputs ?? {})) {
    if (result.plain?.has(output)) continue;
    const make = result.outputs?.[output];
    if (!make) throw new Error(`${name}: nothing computes the output "${output}"`);
    if (typeof key !== "string")
      throw new Error(`${name}: nothing compares the output "${output}", which is no tensor`);
    checks.push({ label: `output "${output}"`, key, got: make() });
  }
  return [...checks, ...gradients(data, result)];
}

function gradients(data: CaseData, result: Result): Check[] {
  const { name, expected } = data.golden;
  const wanted = Object.entries(expected.grads ?? {});
  if (wanted.length === 0) return [];
  const leaves = wanted.map(([leaf]) => {
    const found = result.leaves?.get(leaf);
    if (!found) throw new Error(`${name}: nothing takes the gradient with respect to "${leaf}"`);
    return found;
  });
  const objective = result.objective ?? result.value?.mean();
  if (!objective) throw new Error(`${name}: there is nothing to take gradients of`);
  const got = grad(objective, leaves, { allowUnused: true });
  return wanted.map(([leaf, key], i) => ({ label: `gradient of ${leaf}`, key, got: got[i] as Tensor }));
}
