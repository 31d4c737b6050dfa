// This library as a side: the cases of cases.mjs, and the networks of network.mjs. In Node and, with the WebAssembly
// module, in a browser.
import { grad, init, nn, noGrad, optim, tensor, tidy } from "../../dist/index.js";
import { binding } from "../../dist/runtime/index.js";
import { cases, time } from "../cases.mjs";
import { ADAM, network } from "../network.mjs";
import { checkPrograms } from "../program-cases.mjs";

/**
 * Starts the library. `wasm`: with the WebAssembly module also in Node. `threads`: those of the module. `kernel`: the
 * module's convolution kernel (the add-on reads it from ADJOINT_CONV). `settings`: other options of `init`, such as the
 * device.
 */
export async function open({ wasm = false, threads, kernel, settings = {} } = {}) {
  // The init of this entry takes the module in Node too.
  const start = wasm ? (await import("../../dist/browser.js")).init : init;
  await start(threads ? { ...settings, threads } : settings);
  if (wasm && kernel) await forceKernel(kernel);
  const launched = () => JSON.parse(binding().kernels?.() ?? "{}");
  return { cases: Object.keys(cases), kinds: ["train", "infer"], make, time, launched, further: checkPrograms };
}

/** Forces the kernel of the running module, which is one of the two for the CPU. */
async function forceKernel(kernel) {
  for (const module of [
    await import("../../dist/wasm/adjoint_wasm.js"),
    await import("../../dist/wasm/adjoint_wasm_relaxed.js"),
  ]) {
    if (!module.forceKernel) throw new Error("dist/wasm is older than forceKernel: npm run build:wasm.");
    try {
      return module.forceKernel(kernel);
    } catch (error) {
      // A module that was not started throws a TypeError.
      if (!(error instanceof TypeError)) throw error;
    }
  }
  throw new Error("No WebAssembly module is running.");
}

function make(sizes) {
  const { layers, shape, clean, noisy } = network(sizes);
  const model = new nn.DnCNN({ inChannels: 1, outChannels: 1, depth: sizes.depth, nf: sizes.features });
  const values = layers.flatMap(({ shape: s, weight, bias }) => [tensor(weight, { shape: s }), tensor(bias)]);
  model.loadStateDict(Object.fromEntries(Object.keys(model.stateDict()).map((name, k) => [name, values[k]])));
  const [x, y] = [tensor(clean, { shape }), tensor(noisy, { shape })];
  const optimizer = new optim.Adam(model.parameters(), { lr: ADAM.lr, betas: [ADAM.beta1, ADAM.beta2], eps: ADAM.eps });
  const loss = () => model.forward(y).sub(x).square().mean();
  /** Runs a step, waits for its value, and frees it. */
  const wait = async (step) => {
    const value = tidy(step);
    const data = await value.data();
    value.dispose();
    return data;
  };
  const train = () =>
    wait(() => {
      const value = loss();
      const gradients = grad(value, model.parameters());
      noGrad(() => optimizer.step(gradients));
      return value.detach();
    });
  const infer = () => wait(() => noGrad(() => model.forward(y)));
  /** The loss and the gradient of the first layer's weights, `[out, in, 3, 3]`. */
  const probe = async () => {
    const [value] = await wait(() => noGrad(loss));
    return { loss: value, gradient: [...(await wait(() => grad(loss(), model.parameters())[0]))] };
  };
  return { train, infer, probe };
}
