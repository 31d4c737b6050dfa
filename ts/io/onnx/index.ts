import { encodeOnnx, type OnnxModel } from "../../formats/index.js";
import {
  ArgumentError,
  checkList,
  checkNumber,
  checkOptions,
  type Handle,
  hasMethods,
  shown,
} from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import type { ExportableModel, ExportOnnxOptions } from "../exportable.js";
import { checkSame, type DynamicAxis, shapeLists } from "./dynamic.js";
import { named, record, type Recorded } from "./record.js";

/** `Pad` with wrapping needs 19; runtimes of 2024 and later have it. */
const OPSET = 19;
const IR_VERSION = 9;

/** The names of the axes of images. */
const axisNames = ["batch", "channels", "height", "width"];

/** See {@link exportOnnx} of ts/io/export-onnx.ts. */
export function toOnnx(model: ExportableModel, options: ExportOnnxOptions): Uint8Array {
  const caller = "exportOnnx";
  checkOptions(caller, options, ["inputShape", "dynamic", "sigma", "physics", "metadata"]);
  if (!hasMethods(model, ["forward", "eval"])) {
    throw new ArgumentError(`${caller}: the model is ${shown(model)}, expected a network.`, "invalid_argument");
  }
  const shape = checkList(caller, "inputShape", options.inputShape, 8);
  shape.forEach((size, i) => checkNumber(caller, `inputShape[${i}]`, size, { positive: true, integer: true }));
  const axes = dynamicAxes(caller, options.dynamic ?? [], shape);
  const { sigma, physics } = options;
  const asInput = sigma === "input";
  const condition = physics ?? (typeof sigma === "number" ? sigma : undefined);
  const inputs = { input: shape, ...(asInput && { sigma: [1] }) };
  const forward = model.forward.bind(model) as (x: Tensor, condition?: unknown) => Tensor;
  const run = ([x, level]: readonly Tensor[]): Tensor => forward(x as Tensor, level ?? condition);
  const weights = new Map<Handle, string>(
    [...(model.namedParameters?.() ?? []), ...(model.namedBuffers?.() ?? [])].map(([name, value]) => [
      value.handle,
      name,
    ]),
  );
  const runs = inEvaluation(model, () => {
    const recorded = (sizes: readonly number[], phase: number): Recorded =>
      record(run, { ...inputs, input: sizes }, weights, (i) => 0.3 + 0.2 * Math.sin(i * 12.9898 + phase));
    const base = recorded(shape, 0);
    checkSame(
      [base, recorded(shape, 1)],
      "two runs give different graphs: forward draws random numbers, or reads values of its input",
    );
    if (axes.length === 0) return [base];
    const larger = (some: readonly DynamicAxis[]): readonly number[] =>
      shape.map((size, i) => (some.some(({ axis }) => axis === i) ? 2 * size : size));
    const all = [base, ...axes.map((axis) => recorded(larger([axis]), 0)), recorded(larger(axes), 0)];
    checkSame(
      all,
      `the graph or one of its constants depends on the sizes of the dynamic axes (${axes.map(({ name }) => name)})`,
    );
    return all;
  });
  return encodeOnnx(assemble(runs, axes, options));
}

function assemble(runs: readonly Recorded[], axes: readonly DynamicAxis[], options: ExportOnnxOptions): OnnxModel {
  const { graph, inputs, output, outputShape } = runs[0] as Recorded;
  const lists = shapeLists("input", axes, runs);
  const floats = [...graph.floats].map(([name, { shape, data }]) => ({ name, shape, data }));
  const nameOf = (axis: number): string | undefined => axes.find((one) => one.axis === axis)?.name;
  return {
    opset: OPSET,
    irVersion: IR_VERSION,
    producer: "adjoint",
    producerVersion: options.metadata?.["version"] ?? "",
    name: options.metadata?.["name"] ?? "network",
    nodes: [...lists.nodes, ...graph.nodes, { op: "Identity", inputs: [output], outputs: ["output"], attributes: {} }],
    constants: [...floats, ...lists.constants],
    inputs: Object.entries(inputs).map(([name, shape]) => ({
      name,
      shape: name === "input" ? shape.map((size, axis) => nameOf(axis) ?? size) : shape,
    })),
    outputs: [
      {
        name: "output",
        // The same name where the size is that of the input, another where it only depends on it.
        shape: outputShape.map((size, axis) => {
          const same = runs.every((run) => run.outputShape[axis] === size);
          const asInput = runs.every((run) => run.outputShape[axis] === run.inputs["input"]?.[axis]);
          return same ? size : asInput ? (nameOf(axis) ?? `output_${axis}`) : `output_${axis}`;
        }),
      },
    ],
    metadata: options.metadata ?? {},
  };
}

function dynamicAxes(
  caller: string,
  dynamic: NonNullable<ExportOnnxOptions["dynamic"]>,
  shape: readonly number[],
): readonly DynamicAxis[] {
  const words = shape.length === 4 ? axisNames : shape.map((_, i) => (i === 0 ? "batch" : `axis${i}`));
  const given: readonly string[] = checkList(caller, "dynamic", dynamic, 8);
  return [...new Set(given)].map((name) => {
    const axis = words.indexOf(name);
    if (axis < 0 || name === "channels") {
      const expected = words.filter((word) => word !== "channels").map((word) => `"${word}"`);
      throw new ArgumentError(
        `${caller}: dynamic has ${shown(name)}, expected some of ${expected.join(", ")}.`,
        "invalid_argument",
      );
    }
    return { axis, name };
  });
}

/** Calls `run` with the model and all its parts in evaluation mode, and restores their modes. */
function inEvaluation<T>(model: ExportableModel, run: () => T): T {
  const parts = model.modules?.() ?? [model];
  const modes = parts.map((part) => part.training);
  model.eval();
  try {
    return run();
  } catch (error) {
    throw named(error);
  } finally {
    parts.forEach((part, i) => Object.assign(part, { training: modes[i] }));
  }
}
