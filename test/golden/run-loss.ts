import { exactDiv, hutchDiv, mcDiv, mri, R2RModel, type Loss, type SurePGLoss } from "../../ts/loss/index.js";
import type { Reconstructor } from "../../ts/nn/index.js";
import { PhysicsGenerator, TensorList, type Physics } from "../../ts/physics/index.js";
import { ReplayRng } from "../../ts/testing/index.js";
import { tensor, Tensor } from "../../ts/tensor/index.js";
import type { CaseData } from "./case-data.js";
import { replay } from "./draws.js";
import { buildPhysics, findClass, resolve } from "./library.js";
import { GoldenNetwork } from "./network.js";
import type { Result } from "./result.js";
import { transformsDone } from "./transform-draws.js";

/** `loss(model(y, physics))` as the README describes it, as many passes as the case has intermediate values. */
export function runLoss(data: CaseData): Result {
  const { golden } = data;
  if (/^(exact|hutch|mc)_div$/.test(golden.class)) return runDivergence(data);
  const found = findClass(golden.class, golden.name);
  const physics = buildPhysics(data);
  const loss = new found(lossOptions(data, physics)) as Loss;
  if (!golden.model) return runWithoutModel(data, loss, physics);
  const network = new GoldenNetwork(golden.model, data);
  const model = loss.adaptModel(network);
  model.train(golden.mode === "train");
  const rng = replay(data);
  const y = measurement(data);
  const x = golden.inputs.x === undefined ? undefined : data.input("x");
  const { epoch } = golden.inputs;

  let xNet = model.forward(y as Tensor, physics, { updateParameters: true, rng });
  const leaves = new Map(network.weights);
  if (y instanceof Tensor) leaves.set("y", y);
  if (x) leaves.set("x", x);
  if (golden.mode === "eval") {
    rng.assertDone();
    transformsDone(data);
    return { value: xNet, leaves };
  }

  const outputs: Record<string, () => Tensor> = {};
  let value: Tensor | undefined;
  for (let pass = 0; pass < passes(data); pass++) {
    if (pass > 0) xNet = model.forward(y as Tensor, physics, { updateParameters: true, rng });
    const args = {
      xNet,
      ...(x ? { x } : {}),
      y: y as Tensor,
      ...(physics ? { physics } : {}),
      ...(typeof epoch === "number" ? { epoch } : {}),
      model,
      rng,
    };
    const present = loss.forward(args);
    value = present;
    outputs[`value${pass}`] = () => present;
    recordLevels(loss, pass, outputs, data);
  }
  rng.assertDone();
  transformsDone(data);
  outputs.xNet = () => xNet;
  if (loss instanceof mri.WeightedSplittingLoss || loss instanceof mri.RobustSplittingLoss)
    outputs.weight = () => loss.weight((y as Tensor).shape.slice(-2));
  // The same loss as a mean over what is predicted; the first draw of the case is the model's.
  const exact = () => new found({ ...(lossOptions(data, physics) as object), exactMean: true }) as Loss;
  outputs.rescaled = () =>
    exact()
      .forward({
        xNet,
        y: y as Tensor,
        ...(physics ? { physics } : {}),
        model,
        rng: new ReplayRng(
          golden.draws.slice(1).map(({ kind, tensor: key }) => ({ kind, tensor: data.tensor(key as string) })),
        ),
      })
      .mean();
  if (model instanceof R2RModel) outputs.y1 = () => model.corruption();
  leaves.set("xNet", xNet);
  return { ...(value ? { value: reduced(value, data) } : {}), leaves, outputs };
}

/** One case names a metric that keeps the batch, but was computed with PyTorch's own, which averages over it. */
function reduced(value: Tensor, data: CaseData): Tensor {
  const { value: key } = data.golden.expected;
  return key !== undefined && value.shape.length === 1 && data.raw(key).data.length === 1 ? value.mean() : value;
}

/** A loss of given reconstructions. */
function runWithoutModel(data: CaseData, loss: Loss, physics: Physics | undefined): Result {
  const leaves = new Map<string, Tensor>();
  for (const name of ["xNet", "x", "y"]) {
    if (data.golden.inputs[name] !== undefined) leaves.set(name, data.input(name));
  }
  const rng = replay(data);
  const value = loss.forward({ ...Object.fromEntries(leaves), ...(physics ? { physics } : {}), rng });
  rng.assertDone();
  return { value, leaves };
}

/** Gives one recorded mask. */
class FixedMasks extends PhysicsGenerator {
  readonly #mask: Tensor;

  constructor(mask: Tensor) {
    super("FixedMasks", {}, []);
    this.#mask = mask;
  }

  protected override draw(): Record<string, Tensor> {
    return { mask: this.#mask };
  }
}

/** The constructor's arguments; one case says in words that the noise model is the physics' own. */
function lossOptions(data: CaseData, physics: Physics | undefined): unknown {
  const options = resolve(data.golden.params, data) as Record<string, unknown>;
  if (typeof options.noiseModel === "string") options.noiseModel = physics?.noiseModel;
  if (options.splittingMask instanceof Tensor) {
    options.maskGenerator = new FixedMasks(options.splittingMask);
    delete options.splittingMask;
  }
  return options;
}

/** The measurement, of one operator or of several. */
export function measurement(data: CaseData): Tensor | TensorList {
  return Array.isArray(data.golden.inputs.y) ? new TensorList(data.inputs("y")) : data.input("y");
}

/** How often model and loss are called: as often as the case lists values of single calls, and at least once. */
function passes(data: CaseData): number {
  const numbers = Object.keys(data.golden.expected.outputs ?? {}).map((name) =>
    Number(/^value(\d+)$/.exec(name)?.[1] ?? 0),
  );
  return Math.max(0, ...numbers) + 1;
}

/** Keeps the noise levels that a loss has learned in this pass. */
function recordLevels(loss: Loss, pass: number, outputs: Record<string, () => Tensor>, data: CaseData): void {
  const { sigma2, gain } = loss as Partial<Pick<SurePGLoss, "sigma2" | "gain">>;
  for (const [name, level] of Object.entries({ sigma2, gain })) {
    if (level === undefined) continue;
    // Later steps free the level, so it is copied.
    const copy = level instanceof Tensor ? level.clone() : tensor(level, data.setting);
    outputs[`${name}AfterStep${pass}`] = () => copy;
  }
}

function runDivergence(data: CaseData): Result {
  const { golden } = data;
  const physics = buildPhysics(data);
  if (!physics) throw new Error(`${golden.name}: the case has no physics`);
  const network = new GoldenNetwork(golden.model ?? {}, data);
  const y = data.input("y");
  const rng = replay(data);
  const model: Reconstructor = network;
  const options = golden.params as { tau?: number; mcIter?: number };
  const args = { y, model, physics };
  const value =
    golden.class === "exact_div"
      ? exactDiv(args)
      : golden.class === "hutch_div"
        ? hutchDiv({ ...args, ...options, rng })
        : mcDiv({ ...args, ...options, tau: options.tau ?? NaN, rng });
  rng.assertDone();
  return { value, leaves: new Map([...network.weights, ["y", y]]) };
}
