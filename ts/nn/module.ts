import { ArgumentError, checkFlag, ShapeError, checkOptions, checkOptionsObject } from "../runtime/index.js";
import type { DeviceName, DType } from "../runtime/index.js";
import { freeOnError, keep, noGrad, Tensor, tidy } from "../tensor/index.js";
import type { Pretrained } from "./pretrained.js";
import type { StateDict, StateOf } from "./state-type.js";
import { type ModelSummary, type SummaryOptions, summarise } from "./summary.js";

/** What {@link Module.loadStateDict} found that did not match; both lists are empty after a strict load. */
export interface LoadReport {
  /** Names of the module that the dictionary lacks. */
  missing: string[];
  /** Names of the dictionary that the module lacks. */
  unexpected: string[];
}

/** PyTorch's batch norms count their batches; the count is ignored. */
const IGNORED = /(^|\.)num_batches_tracked$/;

/** State names are PyTorch's: `inConv` becomes `in_conv`; a name that starts with a capital (`Conv1`) stays. */
function stateName(field: string): string {
  return /^[a-z]/.test(field)
    ? field.replace(
        /[A-Z]/g,
        (letter, at: number, all: string) => (/[a-z0-9]/.test(all[at - 1] ?? "") ? "_" : "") + letter.toLowerCase(),
      )
    : field;
}

function listed(names: readonly string[]): string {
  return names.length <= 8 ? names.join(", ") : `${names.slice(0, 8).join(", ")} and ${names.length - 8} more`;
}

/**
 * Base class of everything that has weights.
 *
 * A subclass keeps its weights and parts in fields: a tensor that requires a gradient is a parameter, a `Module` or an
 * array of modules is a part; a tensor without a gradient that belongs to the state (running statistics) is registered
 * with {@link registerBuffer}. Each subclass declares its own `forward`.
 *
 * @example
 * class Net extends Module {
 *   inConv = new Conv2d({ inChannels: 1, outChannels: 8, kernelSize: 3, padding: 1 });
 *   forward(x: Tensor) { return this.inConv.forward(x).relu(); }
 * }
 * new Net().namedParameters();   // [["in_conv.weight", ...], ["in_conv.bias", ...]]
 */
export abstract class Module {
  /** Whether the module is in training mode (the default); batch norms behave differently outside it. */
  training = true;

  // A field once seen as a parameter remains one, so that a frozen weight is still saved.
  readonly #parameterFields = new Set<string>();
  readonly #bufferFields = new Set<string>();

  /**
   * Makes a network with weights that were trained elsewhere, in evaluation mode; without `pretrained` as `new` does,
   * and nothing is fetched. Addresses are downloaded once and kept, see `io.download`.
   *
   * @throws what the constructor throws; as `nn.loadPretrained`.
   *
   * @example
   * const model = await DRUNet.create({ inChannels: 1, outChannels: 1, pretrained: "drunet_gray.pth" });
   */
  static async create<O, T extends Module>(
    this: new (
      options: O,
    ) => T,
    options: NoInfer<NonNullable<O>> & { readonly pretrained?: Pretrained },
  ): Promise<T> {
    checkOptionsObject(this.name, options as object);
    const { pretrained, ...own } = options;
    const model = new this(own as object as O);
    if (pretrained === undefined) return model;
    try {
      // The readers of files are no part of a page that loads no weights.
      const { loadPretrained } = await import("./pretrained.js");
      await loadPretrained(model, pretrained);
    } catch (error) {
      model.dispose();
      throw error;
    }
    return model.eval();
  }

  /** Makes the tensor in field `name` a parameter: it requires a gradient and outlives any enclosing `tidy`. */
  protected registerParameter(name: string, value: Tensor): Tensor {
    this.#parameterFields.add(name);
    keep(value.requiresGrad_(true));
    Object.assign(this, { [name]: value });
    return value;
  }

  /** Makes the tensor in field `name` part of the state without being trained; it outlives any enclosing `tidy`. */
  protected registerBuffer(name: string, value: Tensor): Tensor {
    this.#bufferFields.add(name);
    keep(value);
    Object.assign(this, { [name]: value });
    return value;
  }

  /** Makes a module a part under exactly this state name, where it is not the name of a field. */
  protected registerModule(name: string, value: Module): void {
    Object.assign(this, { [name]: value });
  }

  /** The direct parts with their state names, in the order of the fields. */
  namedChildren(): [string, Module][] {
    const found: [string, Module][] = [];
    for (const [field, value] of Object.entries(this) as [string, unknown][]) {
      if (value instanceof Module) found.push([stateName(field), value]);
      else if (Array.isArray(value)) {
        value.forEach((part: unknown, i) => {
          if (part instanceof Module) found.push([`${stateName(field)}.${i}`, part]);
        });
      }
    }
    return found;
  }

  /** This module and all its parts, each once, outermost first. */
  modules(): Module[] {
    const seen = new Set<Module>();
    const visit = (module: Module): void => {
      if (seen.has(module)) return;
      seen.add(module);
      for (const [, child] of module.namedChildren()) visit(child);
    };
    visit(this);
    return [...seen];
  }

  #own(kind: "parameter" | "buffer"): [string, Tensor][] {
    const found: [string, Tensor][] = [];
    for (const [field, value] of Object.entries(this) as [string, unknown][]) {
      if (!(value instanceof Tensor)) continue;
      const isBuffer = this.#bufferFields.has(field);
      if (!isBuffer && value.requiresGrad) this.#parameterFields.add(field);
      if (kind === "buffer" ? isBuffer : !isBuffer && this.#parameterFields.has(field))
        found.push([stateName(field), value]);
    }
    return found;
  }

  /** Own tensors and those of all parts; `path` holds the modules above, against a module that contains itself. */
  #collect(
    kind: "parameter" | "buffer" | "state",
    prefix: string,
    path: readonly Module[],
    into: [string, Tensor][],
  ): [string, Tensor][] {
    const kinds = kind === "state" ? (["parameter", "buffer"] as const) : ([kind] as const);
    for (const one of kinds) for (const [name, value] of this.#own(one)) into.push([prefix + name, value]);
    for (const [name, child] of this.namedChildren()) {
      if (child === this || path.includes(child)) continue;
      child.#collect(kind, `${prefix}${name}.`, [...path, this], into);
    }
    return into;
  }

  /** Names and tensors of all parameters, each tensor once. */
  namedParameters(): [string, Tensor][] {
    const seen = new Set<Tensor>();
    return this.#collect("parameter", "", [], []).filter(([, value]) => !seen.has(value) && seen.add(value));
  }

  /** All parameters, each once, in the order of {@link namedParameters}. */
  parameters(): Tensor[] {
    return this.namedParameters().map(([, value]) => value);
  }

  /** Names and tensors of all buffers, each tensor once. */
  namedBuffers(): [string, Tensor][] {
    const seen = new Set<Tensor>();
    return this.#collect("buffer", "", [], []).filter(([, value]) => !seen.has(value) && seen.add(value));
  }

  /** All buffers (running statistics and the like), each once. */
  buffers(): Tensor[] {
    return this.namedBuffers().map(([, value]) => value);
  }

  /**
   * A snapshot of all parameters and buffers under PyTorch's names.
   * Later training does not change it; the caller owns (and may dispose) its tensors. The names that the type of the
   * module tells are known to the compiler, see {@link StateOf}.
   */
  stateDict(): StateOf<this> {
    const entries = freeOnError(() =>
      this.#collect("state", "", [], []).map(([name, value]) => [name, value.detach()] as const),
    );
    return Object.fromEntries(entries) as StateOf<this>;
  }

  /**
   * Loads the values of a dictionary, converted to the element type and device of each tensor; nothing is changed where
   * something does not fit.
   *
   * @param options.strict Refuses missing and unexpected names; shapes must always agree. Default: true.
   * @throws ArgumentError `missing_key` or `unexpected_key` (strict), `invalid_argument` for an entry that is not a
   * tensor; ShapeError `shape_mismatch`.
   */
  loadStateDict(state: StateDict, options: { strict?: boolean } = {}): LoadReport {
    const name = this.constructor.name;
    if (state === null || typeof state !== "object") {
      throw new ArgumentError(
        `${name}.loadStateDict: expected an object of tensors by name, got ${state === null ? "null" : typeof state}.`,
        "invalid_argument",
      );
    }
    checkOptions(`${name}.loadStateDict`, options, ["strict"]);
    const own = new Map(this.#collect("state", "", [], []));
    const missing = [...own.keys()].filter((key) => !Object.hasOwn(state, key));
    const unexpected = Object.keys(state).filter((key) => !own.has(key) && !IGNORED.test(key));
    if (checkFlag(`${name}.loadStateDict`, "strict", options.strict, true)) {
      const also =
        missing.length > 0 && unexpected.length > 0 ? `; it also has unknown keys: ${listed(unexpected)}` : "";
      if (missing.length > 0)
        throw new ArgumentError(`${name}.loadStateDict: missing keys: ${listed(missing)}${also}.`, "missing_key");
      if (unexpected.length > 0)
        throw new ArgumentError(
          `${name}.loadStateDict: unexpected keys: ${listed(unexpected)}; pass { strict: false } to ignore them.`,
          "unexpected_key",
        );
    }
    const pairs: [Tensor, Tensor][] = [];
    for (const [key, target] of own) {
      if (!Object.hasOwn(state, key)) continue;
      const source: unknown = state[key];
      if (!(source instanceof Tensor))
        throw new ArgumentError(
          `${name}.loadStateDict: "${key}" is ${source === null ? "null" : typeof source}, expected a tensor.`,
          "invalid_argument",
        );
      if (source.shape.length !== target.shape.length || source.shape.some((n, i) => n !== target.shape[i])) {
        throw new ShapeError(
          `${name}.loadStateDict: "${key}" has shape [${source.shape.join(", ")}], ` +
            `the module expects [${target.shape.join(", ")}].`,
          "shape_mismatch",
        );
      }
      pairs.push([target, source]);
    }
    noGrad(() =>
      tidy(() => {
        for (const [target, source] of pairs)
          target.assign_(source.detach().to(target.dtype).to(target.device).clone());
      }),
    );
    return { missing, unexpected };
  }

  /** Switches the module and all its parts to training mode (or out of it with `false`). */
  train(mode = true): this {
    for (const module of this.modules()) module.training = mode;
    return this;
  }

  /** Switches the module and all its parts to evaluation mode. */
  eval(): this {
    return this.train(false);
  }

  /** Moves all parameters and buffers to a device, or converts them to an element type, in place. */
  to(target: DeviceName | DType): this {
    noGrad(() =>
      tidy(() => {
        for (const [, value] of this.#collect("state", "", [], [])) value.assign_(value.detach().to(target).clone());
      }),
    );
    return this;
  }

  /** Freezes (`false`) or unfreezes all parameters; frozen ones stay in the state. */
  requiresGrad_(on = true): this {
    for (const parameter of this.parameters()) parameter.requiresGrad_(on);
    return this;
  }

  /**
   * Its layers with output shapes, parameters and FLOPs, for one input; as a table in `text`.
   *
   * @throws ArgumentError `invalid_argument`, `unknown_option`; what its forward function throws.
   *
   * @example
   * console.log(new UNet().summary({ inputShape: [1, 1, 64, 64] }).text);
   */
  summary(options: SummaryOptions): ModelSummary {
    return summarise(this, options);
  }

  /** Frees all parameters and buffers; the module cannot be used afterwards. */
  dispose(): void {
    for (const [, value] of this.#collect("state", "", [], [])) value.dispose();
  }
}
