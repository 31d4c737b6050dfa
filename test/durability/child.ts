import { spawn } from "node:child_process";
import { pathToFileURL } from "node:url";
import { compiled } from "../cli/compiled.js";

/** A program of its own. */
export interface Running {
  readonly pid: number;
  /** Waits until standard output matches. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }>;
}

/** Starts a program; `shell` runs before it in the same process, such as `ulimit -f 64`. */
export function start(args: readonly string[], shell = ""): Running {
  const [command, ...rest] =
    shell === "" ? [process.execPath, ...args] : ["sh", "-c", `${shell}; exec "$0" "$@"`, process.execPath, ...args];
  const child = spawn(command as string, rest, { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  let look = (): void => {};
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    look();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    look();
  });
  const ended = new Promise<Awaited<Running["ended"]>>((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr })),
  );
  return {
    pid: child.pid as number,
    ended,
    kill: (signal) => void child.kill(signal),
    said: async (pattern) =>
      await new Promise((resolve, reject) => {
        look = () => {
          const match = pattern.exec(stdout) ?? pattern.exec(stderr);
          if (match) resolve(match);
        };
        look();
        void ended.then(({ code }) => reject(new Error(`ended with ${code} before ${pattern}: ${stdout}${stderr}`)));
      }),
  };
}

/** Arguments of Node for a program that finds the compiled package as `lib` and a `training(folder, options)`. */
export function program(text: string): string[] {
  const url = pathToFileURL(compiled("node.js")).href;
  return [
    "--input-type=module",
    "-e",
    `import * as lib from ${JSON.stringify(url)};
    await lib.init();
    const training = (folder, options = {}) => {
      const rng = new lib.Rng(0);
      const model = new lib.nn.DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: options.nf ?? 4, rng: rng.fork() });
      delete options.nf;
      return new lib.train.Trainer({
        model,
        optimizer: new lib.optim.Adam(model.parameters(), { lr: 1e-3 }),
        physics: new lib.physics.Denoising({ noiseModel: new lib.physics.GaussianNoise({ sigma: 0.1 }) }),
        losses: new lib.loss.R2RLoss(),
        trainData: new lib.data.TensorDataset({ x: rng.fork().uniform([4, 1, 8, 8]) }),
        epochs: 1e6,
        readEvery: 1,
        checkpoint: { path: folder + "/checkpoint", every: 1 },
        historyPath: folder + "/history.jsonl",
        rng,
        ...options,
      });
    };
    ${text}`,
  ];
}
