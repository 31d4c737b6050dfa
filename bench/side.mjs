// A library that is timed, in a process of its own (worker.mjs) or in a page of Chromium.
import { CHECKED, sizesOf } from "./network.mjs";

/**
 * A side from the result of a library's `open`: `time(name, steps)` in seconds, `kernels(name)` how often a step
 * launches each kernel on a GPU, `check()` to compare libraries, for which `further` gives results of its other cases,
 * or its own `check`.
 */
export function side({
  kinds,
  cases = [],
  make,
  time: timeCase,
  launched = () => ({}),
  further = async () => ({}),
  check,
}) {
  const ready = new Map();
  const time = async (name, steps) => {
    const sizes = sizesOf(name);
    if (!sizes) return await timeCase(name, steps);
    if (!ready.has(name)) ready.set(name, make(sizes));
    const step = ready.get(name)[sizes.kind];
    const started = performance.now();
    for (let i = 0; i < steps; i++) await step();
    return (performance.now() - started) / 1000;
  };
  return {
    about: { kinds, cases },
    time,
    async kernels(name) {
      const before = launched();
      await time(name, 1);
      const counts = Object.entries(launched()).map(([kernel, count]) => [kernel, count - (before[kernel] ?? 0)]);
      return Object.fromEntries(counts.filter(([, count]) => count > 0));
    },
    /**
     * The output of a small network and, if the library can train it, loss, gradient, and the loss after some steps of
     * Adam.
     */
    check:
      check ??
      (async () => {
        const { train, infer, probe } = make(sizesOf(CHECKED.name));
        const output = [...(await infer())];
        if (!kinds.includes("train")) return { output };
        const before = await probe();
        for (let i = 0; i < CHECKED.steps; i++) await train();
        return { output, ...before, after: (await probe()).loss, ...(await further()) };
      }),
  };
}
