import { tensor } from "../../../ts/tensor/index.js";

/** The device of new tensors. */
export function device(): string {
  const t = tensor([1]);
  const name = t.device;
  t.dispose();
  return name;
}
