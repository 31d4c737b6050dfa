// jax-js as a peer: see network.mjs. The whole step is one compiled function, as its authors advise. A call consumes
// its arguments; `ref` keeps one.
import { defaultDevice, init, jit, lax, nn, numpy as np, valueAndGrad } from "@jax-js/jax";
import { ADAM, network } from "../network.mjs";

/** Initialises the WebAssembly backend. */
export async function open() {
  if (!(await init("wasm")).includes("wasm")) throw new Error("jax-js has no WebAssembly backend here.");
  defaultDevice("wasm");
  return { kinds: ["train", "infer"], make };
}

/** The network's output; consumes both arguments. */
function forward(layers, y) {
  const last = layers.length - 1;
  const z = layers.reduce((input, { weight, bias }, k) => {
    const out = lax.convGeneralDilated(input, weight, [1, 1], "SAME").add(bias.reshape([1, -1, 1, 1]));
    return k < last ? nn.relu(out) : out;
  }, y.ref);
  return z.add(y);
}

const loss = (layers, x, y) => np.square(forward(layers, y).sub(x)).mean();
const gradients = valueAndGrad(loss);

/** One Adam update of an array; `scale` and `root` are the bias corrections of this step. */
function update(p, g, m, v, scale, root) {
  const mean = m.mul(ADAM.beta1).add(g.ref.mul(1 - ADAM.beta1));
  const square = v.mul(ADAM.beta2).add(np.square(g).mul(1 - ADAM.beta2));
  const step = mean.ref.mul(scale).div(np.sqrt(square.ref).mul(root).add(ADAM.eps));
  return [p.sub(step), mean, square];
}

/** Loss, weights and moments after a step. */
const compiled = jit((layers, means, squares, scale, root, x, y) => {
  const [value, grads] = gradients(
    layers.map(({ weight, bias }) => ({ weight: weight.ref, bias: bias.ref })),
    x,
    y,
  );
  const names = ["weight", "bias"];
  const next = layers.map((layer, k) =>
    names.map((name) => update(layer[name], grads[k][name], means[k][name], squares[k][name], scale.ref, root.ref)),
  );
  scale.dispose();
  root.dispose();
  const pick = (i) => next.map(([weight, bias]) => ({ weight: weight[i], bias: bias[i] }));
  return [value, pick(0), pick(1), pick(2)];
});

const compiledForward = jit(forward);
const compiledGradients = jit(gradients);

function make(sizes) {
  const { layers, shape, clean, noisy } = network(sizes);
  const array = (values, s) => np.array(values, { shape: s });
  let weights = layers.map(({ shape: s, weight, bias }) => ({
    weight: array(weight, s),
    bias: array(bias, [bias.length]),
  }));
  const zeros = () => layers.map(({ shape: s, bias }) => ({ weight: np.zeros(s), bias: np.zeros([bias.length]) }));
  const [x, y] = [array(clean, shape), array(noisy, shape)];
  let [means, squares, count] = [zeros(), zeros(), 0];
  const kept = () => weights.map(({ weight, bias }) => ({ weight: weight.ref, bias: bias.ref }));

  const train = async () => {
    count += 1;
    const [scale, root] = [
      np.array(ADAM.lr / (1 - ADAM.beta1 ** count)),
      np.array(1 / Math.sqrt(1 - ADAM.beta2 ** count)),
    ];
    let value;
    [value, weights, means, squares] = compiled(weights, means, squares, scale, root, x.ref, y.ref);
    await value.data();
  };
  const infer = () => compiledForward(kept(), y.ref).data();
  /** The loss and the gradient of the first layer's weights, `[out, in, 3, 3]`. */
  const probe = async () => {
    const [value, grads] = compiledGradients(kept(), x.ref, y.ref);
    return { loss: (await value.data())[0], gradient: [...(await grads[0].weight.data())] };
  };
  return { train, infer, probe };
}
