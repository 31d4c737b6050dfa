import { tensor, type DeviceName, type DType, type Tensor } from "../../ts/tensor/index.js";
import type { GoldenCase, Values } from "./format.js";

/** Where and how precisely the cases are computed. */
export interface Setting {
  readonly device: DeviceName;
  readonly dtype: DType;
}

/** The tensors of one case, made on the device and with the element type of the setting. */
export class CaseData {
  constructor(
    readonly golden: GoldenCase,
    private readonly values: ReadonlyMap<string, Values>,
    readonly setting: Setting,
  ) {}

  /** The same case in double precision on the CPU, for what a test computes on its own. */
  exact(): CaseData {
    return new CaseData(this.golden, this.values, { device: "cpu", dtype: "float64" });
  }

  /** The numbers under a key. */
  raw(key: string): Values {
    const found = this.values.get(key);
    if (!found)
      throw new Error(`${this.golden.name}: the case names the tensor "${key}", which its file does not have`);
    return found;
  }

  /** A tensor under a key. */
  tensor(key: string, requiresGrad = false): Tensor {
    const { shape, data } = this.raw(key);
    return tensor(data, { shape: [...shape], ...this.setting, requiresGrad });
  }

  /** Whether the case asks for the gradient with respect to this name. */
  wantsGradient(name: string): boolean {
    return this.golden.expected.grads?.[name] !== undefined;
  }

  /** An input that must be there and be one tensor; it requires a gradient where the case asks for one. */
  input(name: string): Tensor {
    const key = this.golden.inputs[name];
    if (typeof key !== "string") throw new Error(`${this.golden.name}: the case has no input tensor "${name}"`);
    return this.tensor(key, this.wantsGradient(name));
  }

  /** An input of tensors in a list. */
  inputs(name: string): Tensor[] {
    const keys = this.golden.inputs[name];
    if (!Array.isArray(keys)) throw new Error(`${this.golden.name}: the case has no list of tensors "${name}"`);
    return (keys as readonly unknown[]).map((key) => this.tensor(String(key)));
  }
}
