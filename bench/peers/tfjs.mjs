// TensorFlow.js as a peer: see network.mjs. Images are NHWC, filters HWIO.
import * as tf from "@tensorflow/tfjs";
import { ADAM, network } from "../network.mjs";

/** Initialises a backend: "cpu" (plain JavaScript) or "wasm", whose files are in the folder or at the URL `files`. */
export async function open({ backend, files }) {
  if (backend === "wasm") {
    const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
    setWasmPaths(files);
  }
  tf.enableProdMode();
  await tf.setBackend(backend);
  await tf.ready();
  if (tf.getBackend() !== backend) throw new Error(`TensorFlow.js has no backend ${backend} here.`);
  // The WebAssembly backend has no kernel for the gradient of a convolution's filter.
  const trains = tf.getKernel("Conv2DBackpropFilter", backend) !== undefined;
  return { kinds: trains ? ["train", "infer"] : ["infer"], make };
}

function make(sizes) {
  const { layers, shape, clean, noisy } = network(sizes);
  const parameters = layers.flatMap(({ shape: s, weight, bias }) => [
    tf.variable(tf.tidy(() => tf.transpose(tf.tensor(weight, s), [2, 3, 1, 0]))),
    tf.variable(tf.tensor1d(bias)),
  ]);
  // With one channel, NCHW and NHWC have the same layout.
  const image = (values) => tf.tensor4d(values, [shape[0], shape[2], shape[3], 1]);
  const [x, y] = [image(clean), image(noisy)];
  const forward = () => {
    let z = y;
    for (let k = 0; k < layers.length; k++) {
      z = tf.add(tf.conv2d(z, parameters[2 * k], 1, "same"), parameters[2 * k + 1]);
      if (k < layers.length - 1) z = tf.relu(z);
    }
    return tf.add(z, y);
  };
  const loss = () => tf.mean(tf.squaredDifference(forward(), x));
  const optimizer = tf.train.adam(ADAM.lr, ADAM.beta1, ADAM.beta2, ADAM.eps);
  const train = async () => {
    const { value, grads } = tf.variableGrads(loss, parameters);
    optimizer.applyGradients(grads);
    tf.dispose(grads);
    await value.data();
    value.dispose();
  };
  const infer = async () => {
    const output = tf.tidy(forward);
    const data = await output.data();
    output.dispose();
    return data;
  };
  /** The loss and the gradient of the first layer's weights, `[out, in, 3, 3]`. */
  const probe = async () => {
    const { value, grads } = tf.variableGrads(loss, parameters);
    const gradient = await tf.transpose(grads[parameters[0].name], [3, 2, 0, 1]).data();
    return { loss: (await value.data())[0], gradient: [...gradient] };
  };
  return { train, infer, probe };
}
