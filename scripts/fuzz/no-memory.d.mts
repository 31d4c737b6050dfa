import type { Binding } from "../../ts/runtime/index.js";
import type { Call } from "./run-call.mjs";
import type { Signature } from "./signatures.mjs";
/** A binding that fails from a call on. */
export function failingBinding(raw: Binding): { binding: Binding; fail: { at: number; count: number } };
export function plausibleCalls(signatures: readonly Signature[]): Call[];
/** What is wrong with a call that finds no memory. */
export function withoutMemory(
  lib: object,
  fail: { at: number; count: number },
  call: Call,
  prepare: (call: Call) => () => unknown,
): Promise<string | undefined>;
