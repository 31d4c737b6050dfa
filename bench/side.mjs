// One library as it is timed, in a process of its own or in a page: what worker.mjs and Chromium's page share.
import { CHECKED, sizesOf } from "./network.mjs";

/** What a library's `open` gave, with `time(name, steps)` in seconds and `check()` for the comparison of libraries. */
export function side({ kinds, cases = [], make, time }) {
  const ready = new Map();
  return {
    about: { kinds, cases },
    async time(name, steps) {
      const sizes = sizesOf(name);
      if (!sizes) return await time(name, steps);
      if (!ready.has(name)) ready.set(name, make(sizes));
      const step = ready.get(name)[sizes.kind];
      const started = performance.now();
      for (let i = 0; i < steps; i++) await step();
      return (performance.now() - started) / 1000;
    },
    /**
     * The output of a small network and, where the library trains it, loss, gradient, and the loss after some steps of
     * Adam.
     */
    async check() {
      const { train, infer, probe } = make(sizesOf(CHECKED.name));
      const output = [...(await infer())];
      if (!kinds.includes("train")) return { output };
      const before = await probe();
      for (let i = 0; i < CHECKED.steps; i++) await train();
      return { output, ...before, after: (await probe()).loss };
    },
  };
}
