// The page: reads a picture as grey values, denoises it, and shows both.
import { denoise, loadNetwork } from "./denoise.js";

const [file, sigma, status, before, after] = ["file", "sigma", "status", "before", "after"].map((id) =>
  document.getElementById(id),
);
let network;

async function run() {
  const [chosen] = file.files;
  if (chosen === undefined) return;
  try {
    status.textContent = "Working ...";
    network ??= await loadNetwork("./model.onnx");
    const noisy = await greyPicture(chosen);
    show(before, noisy);
    const started = performance.now();
    show(after, await denoise(network, noisy, Number(sigma.value)));
    status.textContent = `Done in ${Math.round(performance.now() - started)} ms.`;
  } catch (error) {
    status.textContent = `This did not work: ${error.message}`;
  }
}
file.addEventListener("change", run);
sigma.addEventListener("change", run);

/** The grey values of a picture, 0 to 1. */
async function greyPicture(blob) {
  const image = await createImageBitmap(blob);
  const { width, height } = image;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const values = Float32Array.from(
    { length: width * height },
    (_, i) => (0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]) / 255,
  );
  return { values, width, height };
}

function show(canvas, { values, width, height }) {
  Object.assign(canvas, { width, height });
  const pixels = new ImageData(width, height);
  values.forEach((value, i) => pixels.data.set([...Array(3).fill(Math.round(255 * value)), 255], 4 * i));
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}
