// One run with a chosen loss or another task: measures the sample (the visitor's image is a measurement already),
// trains on patches, restores in tiles.
import { data, denoise, optim, Rng, io, tensor, tidy, train } from "adjoint";
import { blurs, halfWidth } from "./blur.js";
import { makeLosses, makeModel, makePhysics } from "./build.js";
import { againstFilling, againstLearnedLevel, againstRisk, againstSharpening } from "./checks.js";
import { joinMeasured, maskedLevel } from "./filled.js";
import { withoutNaN } from "./frames.js";
import { MaskedPatches } from "./masked-patches.js";
import { measure, psnrOf } from "./measure.js";
import { kindOf, noises } from "./noises.js";
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
    Object.assign(this, { choice, present: present ?? 0.5, mask, send, rng: new Rng(seed), losses: [] });
    this.clean = synthetic ? pixels : undefined;
    this.original = pixels;
    this.given = pixels;
    this.seconds = 0;
  }

  /**
   * The measurement (of a sample, with noise and missing pixels drawn here), its PSNR, the settings and what is found
   * about the noise.
   */
  async measure() {
    const { task } = this.choice;
    if (this.clean) {
      const { physics } = settingsOf(this.choice, this.given.shape, this.present);
      const measured = await measure(this.clean, physics, this.rng);
      Object.assign(this, { given: measured.given, original: measured.given });
      this.mask ??= measured.mask;
    }
    this.before = await psnrOf(this.original, this.clean);
    this.scale = this.scaleOf(this.original);
    this.given = this.mask ? masked(this.scale.pixels, this.mask) : this.scale.pixels;
    const level = this.level();
    if (!(level > 0 && Number.isFinite(level)))
      throw new Error("No noise was found in this picture: give its level under Advanced, if it has any.");
    const settings = settingsOf({ ...this.choice, level }, this.given.shape, this.present);
    this.settings = settings;
    this.prepare();
    const isPlain = this.scale.factor === 1 && this.scale.offset === 0 && task !== "inpaint";
    const text = noises[kindOf(this.choice.noise)].text(level);
    const found = this.choice.estimated ? `Noise of level ${text} was found.` : `The level of the noise is ${text}.`;
    return {
      given: { pixels: this.original, psnr: this.before },
      // The command scales no pictures, and knows no network that fills in.
      settings: isPlain ? settings : undefined,
      lossNames: settings.losses.map(({ name }) => name),
      found,
      level,
    };
  }

  /**
   * The picture in units that the network likes: as it is where its values are from 0 to 1 and use that range, else a
   * robustly scaled copy. Missing pixels stay 0.
   */
  scaleOf(image) {
    const { pixels } = withoutNaN(image);
    const { dark, bright } = data.robustRange([pixels]);
    if (dark >= -0.5 && bright <= 1.5 && bright > 0.2) return { pixels, offset: 0, factor: 1 };
    return data.robustScale(pixels, this.choice.task === "inpaint" ? "poisson" : kindOf(this.choice.noise));
  }

  /** The noise level in units of the scaled copy, from the picture or as given. */
  level() {
    const { noise, estimated, level } = this.choice;
    const kind = kindOf(noise);
    const { min, max, initialOther } = noises[kind];
    const given = kind === "gamma" ? level : level / this.scale.factor;
    if (this.choice.task === "inpaint") {
      const found = estimated ? (maskedLevel(this.given, this.mask) ?? initialOther) : given;
      return Math.min(max, Math.max(min, found));
    }
    const found = estimated ? data.estimateNoise(this.given, kind) : given;
    // A blurred image may have hardly any noise.
    return this.choice.task === "deblur" ? Math.min(max, Math.max(min, found)) : found;
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
    this.criteria = makeLosses(losses);
    this.trainer = new train.Trainer({
      model: this.network,
      physics: this.physics,
      losses: this.criteria,
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
    this.losses.push(value);
    const now = performance.now();
    this.seconds += (now - this.clock) / 1000;
    this.clock = now;
    const stepsPerSecond = step / Math.max(this.seconds, 1e-3);
    this.send("progress", { step, steps, loss: value, stepsPerSecond });
    this.working("learning", (steps - step) / stepsPerSecond + this.restoreSeconds);
    if (now - this.previewed > Math.max(previewInterval, previewRatio * this.previewTook) && step < steps)
      this.controller.abort(new PreviewDue());
  }

  /** Seconds that the restoration of the whole picture will take, from the last preview. */
  get restoreSeconds() {
    const [, height, width] = this.given.shape;
    const shown = Math.min(height, previewSide) * Math.min(width, previewSide);
    return ((this.previewTook ?? 0) / 1000) * ((height * width) / shown) * this.draws;
  }

  /** Draws over which the clipped values of the whole picture are averaged. */
  get draws() {
    const [, height, width] = this.given.shape;
    return this.mask || height * width > maxAveraged ? 1 : 4;
  }

  /** Tells how far the run is. */
  working(phase, secondsLeft) {
    this.spent = this.seconds + (this.restoring ?? 0);
    this.send("working", { phase, done: this.spent / Math.max(1e-3, this.spent + secondsLeft), secondsLeft });
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
  async restore(top, left, height, width, draws, onTile) {
    const part = data.cutPixels(this.given, top, left, height, width);
    const mask =
      this.mask &&
      data.cutPixels({ data: this.mask, shape: [1, ...this.given.shape.slice(1)] }, top, left, height, width);
    const rng = new Rng(1);
    this.trainer.model.eval();
    // A blur mixes the surroundings of a tile into it, and its inverse reaches farther still: tiles are blended. The
    // first guess of missing pixels reaches as far as its widest scale.
    const around = margin + (mask ? 40 : 4 * this.halfWidth);
    const tiled = (pixels) =>
      train.restoreTiled(pixels, (y) => this.apply(y, rng), tile, around, 2 * this.halfWidth, onTile);
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
    this.send("preview", { pixels: this.unscaled(shown), top, left });
    this.previewed = performance.now();
    this.previewTook = this.previewed - started;
  }

  /** Values in the units of the given picture. */
  unscaled({ data: values, shape }) {
    const { offset, factor, low = -Infinity, high = Infinity } = this.scale;
    return { data: values.map((value) => Math.min(high, Math.max(low, offset + factor * value))), shape };
  }

  /** Restores the whole image, checks the result, and sends it with the weights. */
  async finish() {
    const [channels, height, width] = this.given.shape;
    const started = performance.now();
    const total = height * width * this.draws;
    let finished = 0;
    this.working("restoring", this.restoreSeconds);
    const all = await this.restore(0, 0, height, width, this.draws, (pixels) => {
      finished = Math.min(total, finished + pixels);
      this.restoring = (performance.now() - started) / 1000;
      this.working("restoring", (this.restoring * (total - finished)) / finished);
    });
    const result = { data: all.data.slice(0, channels * height * width), shape: [channels, height, width] };
    const { level = 0 } = this.settings.model;
    if (this.choice.task === "inpaint") result.data = joinMeasured(result.data, this.given.data, this.mask, level);
    const pixels = this.unscaled(result);
    for (const i of withoutNaN(this.original).missing) if (!this.mask) pixels.data[i] = Number.NaN;
    const state = this.network.stateDict();
    const weights = await io.serializeSafetensors(state);
    for (const value of Object.values(state)) value.dispose();
    this.send("done", {
      pixels,
      before: this.before,
      after: await psnrOf(pixels, this.clean),
      reasons: await this.against(result),
      weights,
      step: this.trainer.step,
    });
  }

  /** What the data say against the result. */
  async against(result) {
    const { noise } = this.settings.physics;
    const kind = kindOf(this.choice.noise);
    const level = noise.sigma ?? noise.gain ?? noise.l;
    const deviation = Math.sqrt(noises[kind].variance(level));
    if (this.choice.task === "inpaint") return againstFilling(this.given, result, this.mask, deviation);
    if (this.choice.task === "deblur") {
      const [again, part] = await this.blurredAgain(result);
      return againstSharpening(this.given, result, again, part, deviation);
    }
    const estimates = ["SureGaussianLoss", "SurePoissonLoss"].includes(this.settings.losses[0].name);
    const [{ loss }] = this.criteria;
    const learned = loss.unsure && typeof loss.sigma2 === "object" ? Math.sqrt((await loss.sigma2.data())[0]) : 0;
    const estimate = denoise.knownNoise([this.given], { noise: kind, ...noises[kind].known(level) });
    return [
      ...(estimates ? againstRisk(this.losses.slice(-40), deviation) : []),
      ...againstLearnedLevel(learned, deviation),
      ...denoise.contradictions(this.given, result, estimate),
    ];
  }

  /** The middle of the result, blurred again, and the given picture there. */
  async blurredAgain(result) {
    const [, height, width] = result.shape;
    const [rows, columns] = [Math.min(height, 2 * previewSide), Math.min(width, 2 * previewSide)];
    const [top, left] = [Math.floor((height - rows) / 2), Math.floor((width - columns) / 2)];
    const h = this.halfWidth;
    const inside = data.cutPixels(result, top, left, rows, columns);
    const blurred = tidy(() => this.physics.A(tensor(inside.data, { shape: [1, ...inside.shape] })));
    const again = { data: Float32Array.from(await blurred.data()) };
    blurred.dispose();
    return [again, data.cutPixels(this.given, top + h, left + h, rows - 2 * h, columns - 2 * h)];
  }
}

/** A copy with 0 where the mask is 0. */
function masked({ data: values, shape }, mask) {
  return { data: values.map((value, i) => (mask[i % mask.length] === 0 ? 0 : value)), shape };
}

function concatenate(a, b) {
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
