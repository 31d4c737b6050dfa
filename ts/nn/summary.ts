import { binding, checkList, checkNumber, checkObject, checkOptions, type Handle } from "../runtime/index.js";
import { full, noGrad, type OperatorCall, type OperatorName, Tensor, tidy, traceOperators } from "../tensor/index.js";
import { textTable } from "../text/index.js";

/** Options of `Module.summary`. */
export interface SummaryOptions {
  /** Shape of the input, such as `[1, 1, 64, 64]`. */
  readonly inputShape: readonly number[];
  /** The noise level of a network that takes one. Default: none. */
  readonly sigma?: number;
  /** The physics of a network that takes one. Default: none. */
  readonly physics?: object;
  /** How deep parts are shown in `text`. Default: 3. */
  readonly depth?: number;
}

/** A module of a network. Figures are its own, without those of its parts. */
export interface LayerSummary {
  /** Its name in the state, such as `conv_list.0`; `""` is the network. */
  readonly name: string;
  /** The name of its class. */
  readonly type: string;
  /** How many modules it is inside of. */
  readonly depth: number;
  /** Shape of what it gave last; null where its forward function was not called, or gave no tensor. */
  readonly outputShape: readonly number[] | null;
  /** Number of its parameters, frozen ones included; 0 where a layer above has counted them. */
  readonly parameters: number;
  /** Floating-point operations of all its calls, see {@link ModelSummary.flops}. */
  readonly flops: number;
}

/** What `Module.summary` tells. */
export interface ModelSummary {
  /** The network and its parts, each after the one that it belongs to. */
  readonly layers: readonly LayerSummary[];
  /** Shape of the input. */
  readonly inputShape: readonly number[];
  /** Shape of the output; null where it is no tensor. */
  readonly outputShape: readonly number[] | null;
  /** Number of parameters. */
  readonly parameters: number;
  /** Number of those that are trained, which are not frozen. */
  readonly trainable: number;
  /** Bytes of parameters and buffers. */
  readonly bytes: number;
  /**
   * Floating-point operations of the input: two for each multiplication with addition of a convolution or a matrix
   * product, as `torch.utils.flop_counter` counts; everything else counts 0.
   */
  readonly flops: number;
  /** The same as a table. */
  readonly text: string;
}

/** What is asked of a module. */
interface Part {
  readonly training: boolean;
  namedChildren(): readonly (readonly [string, Part])[];
  modules(): readonly Part[];
  namedParameters(): readonly (readonly [string, Tensor])[];
  namedBuffers(): readonly (readonly [string, Tensor])[];
  eval(): unknown;
}

/** What one run showed of a module. */
interface Seen {
  outputShape: readonly number[] | null;
  flops: number;
}

/** See `Module.summary`. */
export function summarise(model: Part, options: SummaryOptions): ModelSummary {
  const caller = `${model.constructor.name}.summary`;
  checkOptions(caller, options, ["inputShape", "sigma", "physics", "depth"]);
  const { sigma, physics } = options;
  const inputShape = [...checkList(caller, "inputShape", options.inputShape, 8)];
  inputShape.forEach((size, i) => checkNumber(caller, `inputShape[${i}]`, size, { positive: true, integer: true }));
  if (sigma !== undefined) checkNumber(caller, "sigma", sigma, { min: 0 });
  if (physics !== undefined) checkObject(caller, "physics", physics);
  const depth = checkNumber(caller, "depth", options.depth ?? 3, { positive: true, integer: true });
  const seen = observe(model, inputShape, physics ?? sigma);
  const layers = layersOf(model, seen);
  const parameters = model.namedParameters().map(([, value]) => value);
  const state = [...parameters, ...model.namedBuffers().map(([, value]) => value)];
  const total = (values: readonly Tensor[]): number => values.reduce((sum, { size }) => sum + size, 0);
  const summary = {
    layers,
    inputShape,
    outputShape: seen.get(model)?.outputShape ?? null,
    parameters: total(parameters),
    trainable: total(parameters.filter(({ requiresGrad }) => requiresGrad)),
    bytes: state.reduce((sum, { size, dtype }) => sum + size * (dtype === "float64" ? 8 : 4), 0),
    flops: layers.reduce((sum, { flops }) => sum + flops, 0),
  };
  return { ...summary, text: textOf(summary, depth) };
}

/** Runs the model once in evaluation mode, and tells what each of its modules gave and computed. */
function observe(model: Part, inputShape: readonly number[], condition: unknown): Map<Part, Seen> {
  const parts = model.modules();
  const seen = new Map<Part, Seen>();
  const running: Part[] = [];
  const modes = parts.map(({ training }) => training);
  const restore = parts.map((part) => watch(part, running, seen));
  const [, first] = model.namedParameters()[0] ?? [];
  try {
    model.eval();
    const { forward } = model as Part & { forward(x: Tensor, condition: unknown): unknown };
    noGrad(() =>
      tidy(() => {
        const x = full(inputShape, 0.5, first === undefined ? {} : { dtype: first.dtype, device: first.device });
        traceOperators(
          () => void forward.call(model, x, condition),
          (call) => {
            const current = seen.get(running.at(-1) ?? model);
            if (current) current.flops += flopsOf(call);
          },
        );
      }),
    );
  } finally {
    for (const undo of restore) undo();
    parts.forEach((part, i) => Object.assign(part, { training: modes[i] }));
  }
  return seen;
}

/** Puts a function around `forward` of a module that keeps account of it; gives the function that takes it away. */
function watch(part: Part, running: Part[], seen: Map<Part, Seen>): () => void {
  const { forward } = part as { forward?: unknown };
  if (typeof forward !== "function") return () => undefined;
  const own = Object.getOwnPropertyDescriptor(part, "forward");
  const watched = (...args: unknown[]): unknown => {
    running.push(part);
    const record = seen.get(part) ?? { outputShape: null, flops: 0 };
    seen.set(part, record);
    try {
      const out: unknown = Reflect.apply(forward, part, args);
      record.outputShape = out instanceof Tensor ? out.shape : null;
      return out;
    } finally {
      running.pop();
    }
  };
  Object.defineProperty(part, "forward", { value: watched, configurable: true, writable: true, enumerable: false });
  return () => {
    if (own) Object.defineProperty(part, "forward", own);
    else Reflect.deleteProperty(part, "forward");
  };
}

const shapeOf = (handle: Handle): readonly number[] =>
  (JSON.parse(binding().info(handle)) as { shape: readonly number[] }).shape;
const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
/** Products for each entry of a kernel `[out, in, h, w]`'s first axis. */
const taps = (weight: readonly number[]): number => sizeOf(weight.slice(1));

/** Multiplications with additions, from the shapes of the first two operands and of the result. */
const products: { readonly [K in OperatorName]?: (...shapes: (readonly number[])[]) => number } = {
  conv2d: (_x = [], weight = [], y = []) => sizeOf(y) * taps(weight),
  convTranspose2d: (x = [], weight = []) => sizeOf(x) * taps(weight),
  matmul: (a = [], _b = [], y = []) => sizeOf(y) * (a.at(-1) ?? 1),
};

function flopsOf({ name, tensors, results }: OperatorCall): number {
  const count = products[name];
  return count === undefined
    ? 0
    : 2 * count(...[tensors[0], tensors[1], results[0]].map((one) => shapeOf(one as Handle)));
}

/** The network and its parts; a part or a parameter that has two names counts where it is first. */
function layersOf(model: Part, seen: ReadonlyMap<Part, Seen>): readonly LayerSummary[] {
  const layers: LayerSummary[] = [];
  const counted = new Set<Part | Tensor>();
  const isNew = (value: Part | Tensor): boolean => !counted.has(value) && Boolean(counted.add(value));
  const visit = (part: Part, name: string, above: readonly Part[]): void => {
    const own = part.namedParameters().filter(([key, value]) => !key.includes(".") && isNew(value));
    const { outputShape = null, flops = 0 } = seen.get(part) ?? {};
    layers.push({
      name,
      type: part.constructor.name,
      depth: above.length,
      outputShape,
      parameters: own.reduce((sum, [, { size }]) => sum + size, 0),
      flops: isNew(part) ? flops : 0,
    });
    const path = [...above, part];
    for (const [key, child] of part.namedChildren())
      if (!path.includes(child)) visit(child, name === "" ? key : `${name}.${key}`, path);
  };
  visit(model, "", []);
  return layers;
}

/** A table as torchinfo prints it: the parts as a tree, then the sums. */
function textOf(summary: Omit<ModelSummary, "text">, depth: number): string {
  const { inputShape, parameters, trainable, flops, bytes } = summary;
  const count = (value: number): string => (value === 0 ? "--" : value.toLocaleString("en"));
  const shape = (value: readonly number[] | null): string => (value === null ? "--" : `[${value.join(", ")}]`);
  const shown = summary.layers.filter((layer) => layer.depth <= depth);
  const rows = shown.map((layer) => [
    `${"  ".repeat(layer.depth)}${layer.name.split(".").at(-1) || "network"}: ${layer.type}`,
    shape(layer.outputShape),
    count(layer.parameters),
    count(layer.flops),
  ]);
  const hidden = summary.layers.length - shown.length;
  return [
    textTable([["layer", "output", "parameters", "FLOPs"], ...rows]),
    "",
    ...(hidden > 0 ? [`${hidden} parts deeper than ${depth} are not shown; their figures are in the sums.`] : []),
    `input ${shape(inputShape)}, output ${shape(summary.outputShape)}`,
    `${parameters.toLocaleString("en")} parameters, ${trainable.toLocaleString("en")} of them trained; ` +
      `${(bytes / 2 ** 20).toFixed(2)} MiB`,
    `${(flops / 1e9).toPrecision(3)} GFLOPs`,
  ].join("\n");
}
