import { type Binding, binding, DeviceError } from "../runtime/index.js";
import { surfaceDigest } from "./ops.generated.js";
import { fromHandle, handleOf, type Tensor } from "./tensor.js";

let verified: Binding | undefined;

/** FNV-1a of the operator table: add-on and facade must be of one build, or codes would name other operators. */
export function digest(surface: string): string {
  let hash = 0x811c9dc5;
  for (const { name, signature } of JSON.parse(surface) as { name: string; signature: string }[]) {
    for (const c of `${name}(${signature})`) hash = Math.imul(hash ^ c.charCodeAt(0), 0x01000193) >>> 0;
  }
  return hash.toString(16);
}

function host(): Binding {
  const current = binding();
  if (current !== verified) {
    if (digest(current.surface()) !== surfaceDigest) {
      throw new DeviceError(
        "the native add-on and the compiled package are of different builds: run npm run build",
        "native_mismatch",
      );
    }
    verified = current;
  }
  return current;
}

/** Runs one operator; 0 stands for an absent tensor. */
export function callMany(
  code: number,
  tensors: readonly (Tensor | null | undefined)[],
  ints: number[],
  floats: number[],
): Tensor[] {
  const current = host();
  const handles = new Array<number>(tensors.length);
  for (let i = 0; i < tensors.length; i++) {
    const t = tensors[i];
    handles[i] = t ? handleOf(t) : 0;
  }
  return current.apply(code, handles, ints, floats).map(fromHandle);
}

/** Runs one operator with one result. */
export function call(
  code: number,
  tensors: readonly (Tensor | null | undefined)[],
  ints: number[],
  floats: number[],
): Tensor {
  if (ints.length === 0 && floats.length <= 1 && tensors.length <= 2) {
    const [a, b] = tensors;
    const current = host();
    if (a && (b || tensors.length === 1) && current.applyOne) {
      return fromHandle(current.applyOne(code, handleOf(a), b ? handleOf(b) : 0, floats[0] ?? 0));
    }
  }
  return callMany(code, tensors, ints, floats)[0] as Tensor;
}
