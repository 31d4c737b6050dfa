// What examples/shared/begin.mjs is in the playground: a program there has no command line and no terminal.
import { init } from "adjoint";

/** The run of an example with its default options. */
export async function begin({ name, about, steps, numbers = {} }) {
  await init();
  const own = Object.fromEntries(Object.entries(numbers).map(([key, [value]]) => [key, value]));
  const fixed = { seed: 0, device: "cpu", out: `results/${name}`, json: false, started: performance.now() };
  return { name, about, steps, ...own, ...fixed };
}

/** The page shows the steps of every trainer. */
export const progress = async () => () => {};
