import { mkdir } from "node:fs/promises";
import { parseArgs } from "node:util";
import { init, train } from "adjoint";

/**
 * Reads the options of an example and initialises the library. Bad usage ends the program with exit code 2.
 *
 * `steps` is the default number of training steps of each network; `numbers` are further positive numbers that the
 * example takes, by name, each with its default and a description.
 */
export async function begin({ name, about, steps, numbers = {} }) {
  const own = Object.entries(numbers);
  const ownUsage = own.map(([key, [fallback, what]]) => `  ${`--${key} N`.padEnd(15)} ${what} (default ${fallback})\n`);
  const usage = `${about}

  npm run example -- ${name} [options]

  --steps N       training steps of each network (default ${steps})
${ownUsage.join("")}  --seed N        random seed; the same seed gives the same result (default 0)
  --device NAME   cpu (default), webgpu or cuda
  --out DIR       folder of the images and the report (default results/${name})
  --json          print one JSON object instead of text
`;
  const text = (fallback) => ({ type: "string", default: fallback });
  try {
    const { values } = parseArgs({
      options: {
        ...Object.fromEntries(own.map(([key, [fallback]]) => [key, text(String(fallback))])),
        steps: text(String(steps)),
        seed: text("0"),
        device: text("cpu"),
        out: text(`results/${name}`),
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      process.stdout.write(usage);
      process.exit(0);
    }
    const given = Object.fromEntries(own.map(([key]) => [key, positiveNumber(key, values[key])]));
    const run = {
      name,
      about,
      ...values,
      ...given,
      steps: wholeNumber("steps", values.steps, 1),
      seed: wholeNumber("seed", values.seed, 0),
      started: performance.now(),
    };
    // Before minutes of training.
    await makeFolder(run.out);
    await init({ device: run.device });
    return run;
  } catch (error) {
    process.stderr.write(`error: ${error.message}\n\n${usage}`);
    process.exit(2);
  }
}

async function makeFolder(path) {
  if (path === "") throw new Error("--out is empty, expected a folder.");
  await mkdir(path, { recursive: true }).catch(({ code }) => {
    throw new Error(`--out is ${path}, which cannot be made a folder (${code}); choose another place.`);
  });
}

function wholeNumber(name, text, min) {
  const value = Number(text);
  if (text.trim() !== "" && Number.isSafeInteger(value) && value >= min) return value;
  throw new Error(`--${name} is ${text}, expected a whole number of at least ${min}.`);
}

function positiveNumber(name, text) {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value > 0) return value;
  throw new Error(`--${name} is ${text}, expected a number above 0.`);
}

/** A progress display as a Trainer's `onProgress`; it ends with the last step. */
export async function progress(label) {
  const display = await train.progressDisplay({ label });
  return (state) => {
    display.update(state);
    if (state.step >= state.steps) display.stop();
  };
}
