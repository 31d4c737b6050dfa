import { parseArgs } from "node:util";
import { init, train } from "adjoint";

/**
 * Reads the options that every example has and makes the library ready. Bad usage ends the program with exit code 2.
 * `steps` is the default number of training steps of each network.
 */
export async function begin({ name, about, steps }) {
  const usage = `${about}

  npm run example -- ${name} [options]

  --steps N       training steps of each network (default ${steps})
  --seed N        random seed; the same seed gives the same result (default 0)
  --device NAME   cpu (default), webgpu or cuda
  --out DIR       where pictures and report are written (default results/${name})
  --json          print one JSON object instead of text
`;
  const text = (fallback) => ({ type: "string", default: fallback });
  try {
    const { values } = parseArgs({
      options: { steps: text(String(steps)), seed: text("0"), device: text("cpu"), out: text(`results/${name}`), json: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
    });
    if (values.help) {
      process.stdout.write(usage);
      process.exit(0);
    }
    const run = { name, about, ...values, steps: wholeNumber("steps", values.steps, 1), seed: wholeNumber("seed", values.seed, 0), started: performance.now() };
    await init({ device: run.device });
    return run;
  } catch (error) {
    process.stderr.write(`error: ${error.message}\n\n${usage}`);
    process.exit(2);
  }
}

function wholeNumber(name, text, least) {
  const value = Number(text);
  if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`--${name} is ${text}, expected a whole number of at least ${least}`);
}

/** The library's progress display, as a Trainer's `onProgress`; it ends with the last step. */
export async function progress(label) {
  const display = await train.progressDisplay({ label });
  return (state) => {
    display.update(state);
    if (state.step >= state.steps) display.stop();
  };
}
