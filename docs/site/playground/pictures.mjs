// What a program made, as pictures and curves.
import { Tensor } from "adjoint";
import { Trainer } from "adjoint-dist/train/index.js";

/** Whether a value is a live tensor that can be seen: `[..., C, H, W]` with 1 to 3 channels, or `[H, W]`. */
function isImage(value) {
  if (!(value instanceof Tensor) || value.disposed) return false;
  const shape = value.shape;
  const [height, width] = shape.slice(-2);
  const channels = shape.length > 2 ? shape.at(-3) : 1;
  const fits = (size) => size >= 8 && size <= 1024;
  return shape.length >= 2 && shape.length <= 4 && channels <= 3 && fits(height) && fits(width);
}

/** Pixels of the first image of a tensor; two channels are a complex number, shown as its magnitude. */
export async function picture(tensor) {
  const [height, width] = tensor.shape.slice(-2);
  const channels = tensor.shape.length > 2 ? tensor.shape.at(-3) : 1;
  const values = await tensor.data();
  const size = height * width;
  const grey = (i) => (channels === 2 ? Math.hypot(values[i], values[size + i]) : values[i]);
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < size * (channels === 3 ? 3 : 1); i++) {
    const value = channels === 3 ? values[i] : grey(i);
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  // Noise around an image of values from 0 to 1 is cut off, as a viewer does; other ranges are stretched.
  const unit = low > -1.5 && high < 2.5 && high > 0.2;
  const [black, white] = unit ? [0, 1] : [low, high];
  const rgba = new Uint8ClampedArray(size * 4);
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) {
      const value = channels === 3 ? values[c * size + i] : grey(i);
      rgba[4 * i + c] = (255 * (value - black)) / (white - black || 1);
    }
    rgba[4 * i + 3] = 255;
  }
  const range = unit ? "" : `${low.toPrecision(2)} to ${high.toPrecision(2)}`;
  return { width, height, rgba, shape: `[${tensor.shape.join(", ")}]`, range };
}

/** Points of the loss of a training. */
function curve(history) {
  return history
    .filter(({ step, loss }) => Number.isFinite(step) && Number.isFinite(loss))
    .map(({ step, loss }) => [step, loss]);
}

/** The trainers among the values of a program by name, also those in an object such as `{ supervised, splitting }`. */
function trainersOf(values) {
  const inside = Object.values(values).flatMap((value) =>
    Object.getPrototypeOf(value ?? 0) === Object.prototype ? Object.entries(value) : [],
  );
  return [...Object.entries(values), ...inside].filter(([, value]) => value instanceof Trainer);
}

/** Sends the pictures and the curves among the values of a program. */
export async function show(values, send) {
  for (const [name, trainer] of trainersOf(values)) send({ type: "curve", name, points: curve(trainer.history) });
  for (const [name, value] of Object.entries(values)) {
    if (!isImage(value)) continue;
    const image = await picture(value).catch(() => undefined);
    if (image) send({ type: "image", name, ...image });
  }
}
