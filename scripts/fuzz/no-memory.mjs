// Calls in the middle of which there is no memory: each must fail with that error and leave no tensor.
import { argumentMaker } from "./arguments.mjs";
import { calleeOf, sourceOf } from "./calls.mjs";
import { parseCall } from "./parse-call.mjs";

/** What makes tensors, or reads them. */
const WORK = ["apply", "applyOne", "fromData", "full", "toDevice", "grad", "rngDraw", "readSync"];
/** At most so many places of a call at which it fails: the first ones, and some of the others. */
const PLACES = 12;

/** A binding whose call number `fail.at` of {@link WORK}, and all after it, fail; `fail.count` counts them. */
export function failingBinding(raw) {
  const fail = { at: Infinity, count: 0 };
  const binding = { ...raw };
  for (const name of WORK) {
    const inner = raw[name];
    binding[name] = (...args) => {
      fail.count += 1;
      if (fail.count >= fail.at) throw new Error("DeviceError|out_of_memory|there is no memory.");
      return inner(...args);
    };
  }
  return { binding, fail };
}

/** A call, or a parameter, that names a file. */
const FILES = /\b(?:path|file|folder):|"file\.png"/;

/** One plausible call of each function, class and method; none that reads or writes a file. */
export function plausibleCalls(signatures) {
  const maker = argumentMaker(signatures);
  const seen = new Set();
  return signatures.flatMap((target) => {
    const { kind, of, by, name, path, parameters, asynchronous, abstract } = target;
    const method = `${by}.${name}`;
    if (abstract || path === "Tensor" || (kind === "method" && seen.has(method))) return [];
    // Files; and MPI, which is started once for a process.
    if ((asynchronous && path.startsWith("io.")) || path.startsWith("distributed.")) return [];
    const callee = calleeOf(target, maker);
    if (callee === undefined) return [];
    if (kind === "method") seen.add(method);
    // Small ones, where the defaults are large.
    const instance = kind === "class" ? maker.instance(path) : undefined;
    if (instance?.startsWith(`new ${path}(`)) return [parseCall(instance)];
    const given = parameters.filter(({ optional }) => !optional);
    const call = { ...callee, args: given.map((each) => maker.value(each.type, each.name, of ?? path)) };
    return FILES.test(sourceOf(call)) || parameters.some(({ name }) => FILES.test(`${name}:`)) ? [] : [call];
  });
}

/** The places at which a call with `count` of {@link WORK} is made to fail. */
function places(count) {
  const half = PLACES / 2;
  const spread = Array.from({ length: half }, (_, i) => half + 1 + Math.round((i * (count - half - 1)) / (half - 1)));
  const all = Array.from({ length: count }, (_, i) => i + 1);
  return count <= PLACES ? all : [...new Set([...all.slice(0, half), ...spread])];
}

/**
 * Runs a call once, then with no memory from each of some places on.
 *
 * @param prepare makes the function to be called, with new arguments.
 * @returns what is wrong; undefined where nothing is, or where the call fails by itself.
 */
export async function withoutMemory(lib, fail, call, prepare) {
  const start = (at) => {
    [fail.at, fail.count] = [at, 0];
    return lib.memory().tensors;
  };
  const failed = (error, before) => {
    fail.at = Infinity;
    return { error, left: lib.memory().tensors - before };
  };

  function runSync(invoke, at) {
    const before = start(at);
    try {
      const result = invoke();
      if (result instanceof Promise) result.catch(() => undefined);
      return { count: fail.count };
    } catch (error) {
      return failed(error, before);
    } finally {
      fail.at = Infinity;
    }
  }

  async function runAsync(invoke, at) {
    const before = start(at);
    try {
      await invoke();
      return { count: fail.count };
    } catch (error) {
      return failed(error, before);
    } finally {
      fail.at = Infinity;
    }
  }

  async function attempt(at) {
    let invoke;
    try {
      invoke = prepare(call);
    } catch (error) {
      return { error };
    }
    let outcome;
    // What is computed once and kept is not left: the same call again leaves nothing more.
    for (let times = 0; times < 3 && (outcome === undefined || outcome.left > 0); times++)
      outcome = call.asynchronous ? await runAsync(invoke, at) : lib.tidy(() => runSync(invoke, at));
    return outcome;
  }

  const { count, error } = await attempt(Infinity);
  if (error !== undefined) return undefined;
  for (const at of places(count)) {
    const { error: thrown, left } = await attempt(at);
    const where = `${sourceOf(call)}, without memory at ${at} of ${count}`;
    if (thrown !== undefined && thrown.code !== "out_of_memory") return `${where}: ${thrown}`;
    if (left > 0) return `${where}: left ${left} tensors`;
  }
  return undefined;
}
