// Runs one call and says why its outcome is a finding. Node and pages use the same.
import { environment } from "./values.mjs";

/**
 * Milliseconds of computing after which a call counts as slow: no plausible size of the fuzzer needs so long. Where the
 * time of the process is known, that which other programs take does not count; a page gets more. The largest results
 * that a call is asked for, such as a permutation of 16 million numbers, take 0.7 to 1.3 s.
 */
const SLOW = globalThis.process?.cpuUsage === undefined ? 10_000 : 3000;

const LEFT = "a failed call left";

/** What an object of the caller's says that cannot be used at all. */
const REVOKED = /proxy that has been revoked/;

/** `run(call)`: resolves to the reason why the outcome of a call is a finding, or to undefined. */
export function runner(lib) {
  const own = environment(lib);
  const scope = { ...lib, ...own };
  const names = Object.keys(scope);
  const values = Object.values(scope);
  const compiled = new Map();
  /** The value of JavaScript, with the names of the library. */
  function evaluate(source) {
    let make = compiled.get(source);
    if (make === undefined) {
      make = new Function(...names, `"use strict"; return (${source});`);
      if (compiled.size > 20_000) compiled.clear();
      compiled.set(source, make);
    }
    return make(...values);
  }

  /** Why an error is a finding; `undefined` where it is none. */
  function fault(error) {
    // What the caller threw, and the reason of a signal that it aborted.
    if (isA(error, own.CallerError) || (isA(error, DOMException) && error.name === "AbortError")) return undefined;
    if (!isA(error, lib.AdjointError) && REVOKED.test(textOf(error))) return undefined;
    if (!isA(error, lib.AdjointError)) return `${nameOf(error)}: ${textOf(error)}`;
    // A trap of WebAssembly or a panic, after which all tensors are lost.
    if (error.code === "internal" || error.code === "runtime_lost") return `${error.code}: ${error.message}`;
    return error.message.endsWith(".") || error.cause !== undefined ? undefined : `no sentence: ${error.message}`;
  }

  /** The receiver and the arguments; an error of theirs is thrown. */
  const prepare = (call) => ({
    on: call.on === undefined ? undefined : evaluate(call.on),
    args: call.args.map((source) => evaluate(source)),
  });

  /** A failed call must leave as many tensors as there were. */
  function leaked(before, call) {
    // A configuration is made once, by a program that ends.
    if (call.callee === "configure") return undefined;
    const more = lib.memory().tensors - before;
    return more > 0 ? `${LEFT} ${more} tensors` : undefined;
  }

  /** The function that makes a call, with new arguments. */
  const prepared = (call) => invocation(call, prepare(call), evaluate);

  function runSync(call) {
    let outcome = {};
    lib.tidy(() => {
      const started = now();
      let before = Infinity;
      let invoke;
      try {
        invoke = prepared(call);
        before = lib.memory().tensors;
        outcome = { result: invoke() };
      } catch (error) {
        outcome = { reason: fault(error) ?? leaked(before, call) };
        // What is computed once and kept is none: the same call again leaves nothing more.
        if (outcome.reason?.startsWith(LEFT)) {
          before = lib.memory().tensors;
          try {
            invoke();
          } catch {
            outcome.reason = leaked(before, call);
          }
        }
      }
      outcome.took = now() - started;
    });
    return outcome;
  }

  async function runAsync(call) {
    const started = now();
    let before = Infinity;
    let reason;
    try {
      const invoke = prepared(call);
      before = lib.memory().tensors;
      free(await invoke());
    } catch (error) {
      reason = fault(error) ?? leaked(before, call);
    }
    return { reason, took: now() - started };
  }

  /** Frees the tensors of a result. */
  function free(value) {
    try {
      if (value instanceof lib.Tensor) value.dispose();
      else if (Array.isArray(value) && value.length < 100) value.forEach(free);
    } catch {
      // What the caller gave and got back.
    }
  }

  async function runOnce(call) {
    const { result, reason, took } = call.asynchronous ? await runAsync(call) : runSync(call);
    // What goes on after its arguments were freed may fail, but not in another way.
    if (isA(result, Promise)) await Promise.resolve(result).then(free, (error) => void error);
    return { reason, took };
  }

  async function run(call) {
    const first = await runOnce(call);
    if (first.reason !== undefined || first.took <= SLOW) return first.reason;
    // What is loaded once and kept, such as a library, is not slow: the same call again is quick.
    const { reason, took } = await runOnce(call);
    return reason ?? (took > SLOW ? `took ${Math.round(took)} ms` : undefined);
  }
  return { run, fault, prepared };
}

function invocation({ on, callee }, prepared, evaluate) {
  if (on !== undefined) return () => prepared.on[callee](...prepared.args);
  if (callee.startsWith("new ")) {
    const Class = evaluate(callee.slice(4));
    return () => new Class(...prepared.args);
  }
  const at = callee.lastIndexOf(".");
  const receiver = at < 0 ? undefined : evaluate(callee.slice(0, at));
  const fn = evaluate(callee);
  return () => Reflect.apply(fn, receiver, prepared.args);
}

/** Milliseconds, of the main thread where it is known. */
function now() {
  if (globalThis.process?.cpuUsage === undefined) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Whether a value is of a class; proxies may fail at this. */
function isA(value, Class) {
  try {
    return value instanceof Class;
  } catch {
    return false;
  }
}

function nameOf(error) {
  try {
    return String(error?.name ?? typeof error);
  } catch {
    return typeof error;
  }
}

function textOf(error) {
  try {
    return String(error?.message ?? error);
  } catch {
    return "no text";
  }
}
