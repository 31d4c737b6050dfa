// One run: measures the sample (the visitor's image is a measurement already), trains on patches, restores in tiles.
import { data, io, metric, optim, Rng, tensor, tidy, train } from "adjoint";
import { blurs, halfWidth } from "./blur.js";
import { makeLosses, makeModel, makePhysics } from "./build.js";
import { MaskedPatches } from "./masked-patches.js";
import { noises } from "./noises.js";
import { settingsOf } from "./plan.js";

/** Largest side of a preview; of larger images the centre is previewed. */
const previewSide = 256;
/** Least time between two previews: milliseconds, and a multiple of the time of the last preview. */
const [previewInterval, previewRatio] = [1500, 4];
/** Side of a tile and, without a blur, the margin around it, which exceeds half the receptive field. */
const [tile, margin] = [256, 24];
/** Larger images are restored once, not averaged over several draws of the clipped values. */
const maxAveraged = 1_000_000;

// Reasons to interrupt a training.
class Paused extends Error {}
class Stopped extends Error {}
class PreviewDue extends Error {}

/** A run in the worker. */
export class Run {
  /**
   * @param message `{ pixels, choice, synthetic, mask?, present?, seed }`: the clean image if `synthetic`, otherwise
   * the measurement; the mask of the pixels that are not missing, and their share.
   * @param send called with the kind and content of each message to the page.
   */
  constructor({ pixels, choice, synthetic, mask, present, seed }, send) {
    Object.assign(this, { choice, present: present ?? 0.5, mask, send, rng: new Rng(seed) });
    this.clean = synthetic ? pixels : undefined;
    this.given = pixels;
    this.seconds = 0;
  }

  /**
   * The measurement (of a sample, with noise and missing pixels drawn here), its PSNR, the settings and the noise
   * level.
   */
  async measure() {
    const [channels, height, width] = this.given.shape;
    if (this.clean) {
      const { physics } = settingsOf(this.choice, this.given.shape, this.present);
      // With reflect padding a sample keeps its size when it is blurred.
      const whole = makePhysics(
        { ...physics, imgSize: [channels, height, width], ...(physics.padding ? { padding: "reflect" } : {}) },
        { rng: this.rng.fork() },
      );
      const image = tensor(this.clean.data, { shape: [1, ...this.clean.shape] });
      // Gamma noise is multiplicative: 0 would stay without noise.
      const x = this.choice.noise === "gamma" ? image.clamp(0.01, 1) : image;
      const y = whole.forward(x, { rng: this.rng.fork() });
      this.given = { data: Float32Array.from(await y.data()), shape: this.clean.shape };
      if (physics.name === "Inpainting")
        this.mask = Float32Array.from((await whole.mask.data()).subarray(0, height * width));
      for (const value of [image, x, y]) value.dispose();
    }
    let level = this.choice.estimated ? data.estimateNoise(this.given, this.choice.noise) : this.choice.level;
    // A blurred image may have hardly any noise.
    const { min, max } = noises[this.choice.noise];
    if (this.choice.task === "deblur") level = Math.min(max, Math.max(min, level));
    if (!(level > 0 && Number.isFinite(level)))
      throw new Error("No noise was found in this picture: give its level, if it has any.");
    this.settings = settingsOf({ ...this.choice, level }, this.given.shape, this.present);
    this.prepare();
    return { given: { pixels: this.given, psnr: await this.psnr(this.given) }, settings: this.settings, level };
  }

  /** Creates network, losses, data and trainer from the settings. */
  prepare() {
    const {
      physics,
      model,
      losses,
      optimizer,
      schedule,
      batchSize,
      gradClip,
      data: { patch, patchesPerEpoch },
    } = this.settings;
    this.network = makeModel(model, this.rng.fork());
    const adam = new optim.Adam(this.network.parameters(), { lr: optimizer.lr });
    const { name: _schedule, ...times } = schedule;
    const image = { data: this.mask, shape: [1, ...this.given.shape.slice(1)] };
    this.physics = makePhysics({ ...physics, mask: undefined });
    const { noiseModel } = this.physics;
    const rotate = physics.filter === undefined || blurs[this.choice.blur].isotropic;
    this.halfWidth = physics.filter === undefined ? 0 : halfWidth(physics.filter);
    // Image files clip noise at black and white, which losses that assume its distribution do not expect.
    const dataset = this.mask
      ? new MaskedPatches(this.given, image, patch, patchesPerEpoch)
      : new data.UnclippedDataset({
          dataset: new data.NoisyPatches(this.given, [patch, patch], patchesPerEpoch, rotate),
          noiseModel,
        });
    this.trainer = new train.Trainer({
      model: this.network,
      physics: this.physics,
      losses: makeLosses(losses),
      optimizer: adam,
      schedule: new optim.CosineAnnealingLR(adam, times),
      scheduleEvery: "step",
      trainData: new data.DataLoader({ dataset, batchSize, rng: this.rng.fork() }),
      metrics: [],
      gradClip,
      readEvery: 2,
      rng: this.rng,
      onProgress: (state) => this.report(state),
    });
  }

  report({ step, steps, loss: value }) {
    const now = performance.now();
    this.seconds += (now - this.clock) / 1000;
    this.clock = now;
    this.send("progress", { step, steps, loss: value, stepsPerSecond: step / Math.max(this.seconds, 1e-3) });
    if (now - this.previewed > Math.max(previewInterval, previewRatio * this.previewTook) && step < steps)
      this.controller.abort(new PreviewDue());
  }

  /** Trains until the last step, a pause or a stop; continues after a pause. */
  async train() {
    this.ended = undefined;
    this.previewed = performance.now();
    this.previewTook = 0;
    for (;;) {
      this.controller = new AbortController();
      this.clock = performance.now();
      try {
        await this.trainer.train({ signal: this.controller.signal });
        break;
      } catch (error) {
        if (error instanceof Paused) return this.send("paused", {});
        if (error instanceof Stopped) break;
        if (!(error instanceof PreviewDue)) throw error;
        await this.preview();
        if (this.ended instanceof Paused) return this.send("paused", {});
        if (this.ended instanceof Stopped) break;
      }
    }
    this.send("status", { text: "Cleaning the whole picture." });
    await this.finish();
  }

  pause() {
    this.end(new Paused());
  }

  stop() {
    const waiting = this.ended instanceof Paused;
    this.end(new Stopped());
    if (waiting) return this.finish();
  }

  end(reason) {
    this.ended = reason;
    this.controller?.abort(reason);
  }

  /** The model on a part of the image: the mean over `draws` draws of the clipped values. */
  async restore(top, left, height, width, draws) {
    const part = data.cutPixels(this.given, top, left, height, width);
    const mask =
      this.mask &&
      data.cutPixels({ data: this.mask, shape: [1, ...this.given.shape.slice(1)] }, top, left, height, width);
    const rng = new Rng(1);
    this.trainer.model.eval();
    // A blur mixes the surroundings of a tile into it, and its inverse reaches farther still: tiles are blended.
    const tiled = (pixels) =>
      train.restoreTiled(pixels, (y) => this.apply(y, rng), tile, margin + 4 * this.halfWidth, 2 * this.halfWidth);
    if (!mask) return await train.restoreUnclipped(part, tiled, { noiseModel: this.physics.noiseModel, rng, draws });
    // The mask goes through the tiles as a further channel of the image.
    return await tiled({ data: concatenate(part.data, mask.data), shape: [part.shape[0] + 1, height, width] });
  }

  /** The model on one tile. */
  apply(y, rng) {
    const options = { updateParameters: true, rng };
    const [, channels, height, width] = y.shape;
    if (!this.mask) {
      const clean = this.trainer.model.forward(y, this.physics, options);
      // The result of a blurred tile includes its surroundings, which are cropped.
      const border = [0, 0, this.halfWidth, this.halfWidth];
      return this.halfWidth === 0
        ? clean
        : clean.slice(
            border,
            [1, channels, height, width].map((n, i) => n + border[i]),
          );
    }
    const imgSize = [channels - 1, height, width];
    const mask = y.slice([0, channels - 1, 0, 0], [1, channels, height, width]).expand([1, ...imgSize]);
    const physics = makePhysics({ ...this.settings.physics, imgSize, mask });
    const clean = this.trainer.model.forward(y.slice([0, 0, 0, 0], [1, channels - 1, height, width]), physics, options);
    // The result has the shape of the tile.
    return clean.pad([0, 0, 0, 1, 0, 0, 0, 0], { mode: "constant" });
  }

  async preview() {
    const started = performance.now();
    const [channels, height, width] = this.given.shape;
    const [rows, columns] = [Math.min(height, previewSide), Math.min(width, previewSide)];
    const [top, left] = [Math.floor((height - rows) / 2), Math.floor((width - columns) / 2)];
    const part = await this.restore(top, left, rows, columns, 1);
    const shown = { data: part.data.slice(0, channels * rows * columns), shape: [channels, rows, columns] };
    const whole = this.clean && data.cutPixels(this.clean, top, left, rows, columns);
    this.send("preview", { pixels: shown, top, left, psnr: await psnr(shown, whole) });
    this.previewed = performance.now();
    this.previewTook = this.previewed - started;
  }

  /** Restores the whole image and sends it, its PNG and the weights. */
  async finish() {
    const [channels, height, width] = this.given.shape;
    const all = await this.restore(0, 0, height, width, height * width > maxAveraged ? 1 : 4);
    const pixels = { data: all.data.slice(0, channels * height * width), shape: [channels, height, width] };
    const image = tensor(pixels.data, { shape: pixels.shape });
    const png = await io.encodePng(image);
    image.dispose();
    const state = this.network.stateDict();
    const weights = await io.serializeSafetensors(state);
    for (const value of Object.values(state)) value.dispose();
    this.send("done", { pixels, psnr: await this.psnr(pixels), png, weights, step: this.trainer.step });
  }

  psnr(pixels) {
    return psnr(pixels, this.clean);
  }
}

function concatenate(a, b) {
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** PSNR of an image clipped to [0, 1] against the ground truth; undefined if that is not known. */
async function psnr(pixels, truth) {
  if (!truth) return undefined;
  const value = tidy(() => {
    const [a, b] = [pixels, truth].map(({ data: values, shape }) => tensor(values, { shape: [1, ...shape] }));
    return new metric.PSNR().forward(a.clamp(0, 1), b);
  });
  const [number] = await value.data();
  value.dispose();
  return number;
}
