// One run: measures the sample (or takes the picture as it is), trains on its patches, cleans it tile by tile.
import { data, io, metric, optim, Rng, tensor, tidy, train } from "adjoint";
import { blurs, reach } from "./blur.js";
import { makeLosses, makeModel, makePhysics, noises, settingsOf } from "./plan.js";

/** Pixels of a preview's tile; a larger picture is previewed around its centre. */
const previewSide = 256;
/** Milliseconds of training between two previews, at least; and at least so many times what the last preview took. */
const [previewEvery, previewShare] = [1500, 4];
/** Pixels of a tile and, without a blur, around it, more than the network sees. */
const [tile, margin] = [256, 24];
/** A larger picture is cleaned once, not for several draws of what its file has cut off. */
const mostAveraged = 1_000_000;

// Why a training was interrupted.
class Paused extends Error {}
class Stopped extends Error {}
class PreviewDue extends Error {}

/** Patches of a picture whose missing pixels are known: samples `{ y, params: { mask } }`. */
class MaskedPatches {
  constructor(pixels, mask, side, length) {
    Object.assign(this, { pixels, mask, side, length });
  }

  async get(_index, { rng }) {
    const [, height, width] = this.pixels.shape;
    const drawn = rng.uniform([2]);
    const [u, v] = await drawn.data();
    drawn.dispose();
    const cut = (image) =>
      data.cutPixels(
        image,
        Math.floor(u * (height - this.side + 1)),
        Math.floor(v * (width - this.side + 1)),
        this.side,
        this.side,
      );
    const [y, mask] = [cut(this.pixels), cut(this.mask)];
    return { y: tensor(y.data, { shape: y.shape }), params: { mask: tensor(mask.data, { shape: mask.shape }) } };
  }
}

export class Run {
  /**
   * @param message `{ pixels, choice, synthetic, mask?, kept?, seed }`: the clean picture where `synthetic`, otherwise
   * what was measured; which of its pixels are there, and their share.
   */
  constructor({ pixels, choice, synthetic, mask, kept, seed }, send) {
    Object.assign(this, { choice, kept: kept ?? 0.5, mask, send, rng: new Rng(seed) });
    this.clean = synthetic ? pixels : undefined;
    this.given = pixels;
    this.seconds = 0;
  }

  /**
   * The picture as measured (of a sample with noise and missing pixels drawn here), its PSNR, the settings and the
   * level of the noise.
   */
  async measure() {
    const [channels, height, width] = this.given.shape;
    if (this.clean) {
      const { physics } = settingsOf(this.choice, this.given.shape, this.kept);
      // A sample goes on beyond its border as in a mirror, so that it keeps its size when it is blurred.
      const whole = makePhysics(
        { ...physics, imgSize: [channels, height, width], ...(physics.padding ? { padding: "reflect" } : {}) },
        { rng: this.rng.fork() },
      );
      const image = tensor(this.clean.data, { shape: [1, ...this.clean.shape] });
      // Gamma noise multiplies: it needs something to multiply.
      const x = this.choice.noise === "gamma" ? image.clamp(0.01, 1) : image;
      const y = whole.forward(x, { rng: this.rng.fork() });
      this.given = { data: Float32Array.from(await y.data()), shape: this.clean.shape };
      if (physics.name === "Inpainting")
        this.mask = Float32Array.from((await whole.mask.data()).subarray(0, height * width));
      for (const value of [image, x, y]) value.dispose();
    }
    let level = this.choice.estimated ? data.estimateNoise(this.given, this.choice.noise) : this.choice.level;
    // A blurred picture may well have no noise to speak of.
    const { least, most } = noises[this.choice.noise];
    if (this.choice.task === "deblur") level = Math.min(most, Math.max(least, level));
    if (!(level > 0 && Number.isFinite(level)))
      throw new Error("No noise was found in this picture: give its level, if it has some.");
    this.settings = settingsOf({ ...this.choice, level }, this.given.shape, this.kept);
    this.prepare();
    return { given: { pixels: this.given, psnr: await this.psnr(this.given) }, settings: this.settings, level };
  }

  /** Makes network, loss, data and trainer from the settings. */
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
    const turned = physics.filter === undefined || blurs[this.choice.blur].round;
    this.reach = physics.filter === undefined ? 0 : reach(physics.filter);
    // A picture file has cut the noise off at black and white; a loss that knows its law would learn the cut.
    const dataset = this.mask
      ? new MaskedPatches(this.given, image, patch, patchesPerEpoch)
      : new data.UnclippedDataset({
          dataset: new data.NoisyPatches(this.given, [patch, patch], patchesPerEpoch, turned),
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
    if (now - this.previewed > Math.max(previewEvery, previewShare * this.previewTook) && step < steps)
      this.controller.abort(new PreviewDue());
  }

  /** Trains until the last step, a pause or a stop; goes on where it was paused. */
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

  /** The model on a part of the picture: the mean over `draws` draws of what its file has cut off. */
  async restore(top, left, height, width, draws) {
    const part = data.cutPixels(this.given, top, left, height, width);
    const mask =
      this.mask &&
      data.cutPixels({ data: this.mask, shape: [1, ...this.given.shape.slice(1)] }, top, left, height, width);
    const rng = new Rng(1);
    this.trainer.model.eval();
    // A blur mixes what is around a tile into it, and to undo that reaches farther still: tiles are faded into one
    // another.
    const tiled = (pixels) =>
      train.restoreTiled(pixels, (y) => this.apply(y, rng), tile, margin + 4 * this.reach, 2 * this.reach);
    if (!mask) return await train.restoreUnclipped(part, tiled, { noiseModel: this.physics.noiseModel, rng, draws });
    // With missing pixels the mask is cut like the picture: both go through the tiles as channels of one.
    return await tiled({ data: concatenate(part.data, mask.data), shape: [part.shape[0] + 1, height, width] });
  }

  /** The model on one tile. */
  apply(y, rng) {
    const options = { updateParameters: true, rng };
    const [, channels, height, width] = y.shape;
    if (!this.mask) {
      const clean = this.trainer.model.forward(y, this.physics, options);
      // A blurred picture tells something of what lies around it: that is left out.
      const border = [0, 0, this.reach, this.reach];
      return this.reach === 0
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
    // Tiles come out as they went in.
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

  /** The whole picture, the PNG and the weights. */
  async finish() {
    const [channels, height, width] = this.given.shape;
    const all = await this.restore(0, 0, height, width, height * width > mostAveraged ? 1 : 4);
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

/** PSNR of what is shown, clipped to [0, 1], against the truth; undefined where there is none. */
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
