// Denoising as the command does it: the noise is found in the picture, a network learns, the result is checked.
import { denoise, Rng } from "adjoint";
import { channelsOf, joinPlanes, withoutNaN } from "./frames.js";
import { measure, psnrOf } from "./measure.js";
import { kindOf, noises } from "./noises.js";
import { physicsOf } from "./operator.js";

/** A run that denoises; its messages are those of `Run`. */
export class Clean {
  /**
   * @param message `{ pixels, separate, choice, synthetic, seed }`: the clean image if `synthetic`, otherwise the noisy
   * one; `separate` where its channels are no colours, so that each is a picture of its own.
   * @param send called with the kind and content of each message to the page.
   */
  constructor({ pixels, separate, choice, synthetic, seed }, send) {
    Object.assign(this, { choice, separate, send, rng: new Rng(seed), controller: new AbortController() });
    this.clean = synthetic ? pixels : undefined;
    this.given = pixels;
    this.denoisers = [];
  }

  /** The given picture (of a sample, with noise added here), its PSNR, and what is found about the noise. */
  async measure() {
    if (this.clean)
      this.given = (await measure(this.clean, physicsOf(this.choice, this.clean.shape[0], 1), this.rng.fork())).given;
    const psnr = await psnrOf(this.given, this.clean);
    this.before = psnr;
    this.noises = this.parts(this.given).map((part) => this.noiseOf(part));
    return { given: { pixels: this.given, psnr }, found: this.found };
  }

  /** The pictures that are denoised one by one: all colours together, or each channel. */
  parts(pixels) {
    const { pixels: whole } = withoutNaN(pixels);
    return this.separate ? Array.from({ length: whole.shape[0] }, (_, c) => channelsOf(whole, c, c + 1)) : [whole];
  }

  noiseOf(part) {
    const { noise, level, estimated } = this.choice;
    if (estimated) return denoise.estimateNoise([part], { noise });
    const kind = kindOf(noise);
    return denoise.knownNoise([part], { noise: kind, ...noises[kind].known(level) });
  }

  get found() {
    return this.noises[0].found;
  }

  /** Why there is nothing to do, where no part of the picture has noise. */
  get nothing() {
    const levels = this.noises.map((noise) => denoise.noiseLevel(noise));
    return levels.some((level) => level > 0 && Number.isFinite(level))
      ? undefined
      : "No noise was found in this picture. If you see some, give its level under Advanced.";
  }

  async train() {
    if (this.nothing !== undefined) return this.send("done", { pixels: this.given, nothing: this.nothing });
    const parts = this.parts(this.given);
    const started = performance.now();
    const results = [];
    const reasons = [];
    for (const [k, part] of parts.entries()) {
      const { result, denoiser, against } = await this.cleanPart(part, this.noises[k], (progress) => {
        const done = (k + progress.done) / parts.length;
        // The other channels take as long as this one.
        const seconds = (performance.now() - started) / 1000;
        const left =
          k === 0 && parts.length === 1 ? progress.secondsLeft : (seconds * (1 - done)) / Math.max(done, 1e-3);
        this.send("working", { phase: progress.phase, done, secondsLeft: left });
      });
      results.push(result);
      this.denoisers.push(denoiser);
      reasons.push(...against.map((text) => (parts.length > 1 ? `Channel ${k + 1}: ${text}` : text)));
    }
    const pixels = this.whole(results, this.given);
    const [denoiser] = this.denoisers;
    this.send("done", {
      pixels,
      before: this.before,
      after: await psnrOf(pixels, this.clean),
      reasons,
      found: this.found,
      weights: parts.length === 1 && denoiser ? await denoiser.toBytes() : undefined,
      more: this.denoisers.every(Boolean),
    });
  }

  /**
   * Cleans one part. Before the network learns from the picture its first result is shown; it stays the result where
   * the data contradict the later one.
   */
  async cleanPart(part, noise, onProgress) {
    const level = denoise.noiseLevel(noise);
    if (!(level > 0 && Number.isFinite(level))) return { result: part, against: [] };
    const { quality } = this.choice;
    const first = await this.restored(part, noise, "fast", quality === "fast" ? onProgress : undefined);
    if (quality === "fast") return first;
    if (!this.separate && first.against.length === 0)
      this.send("preview", { pixels: this.whole([first.result], this.given), top: 0, left: 0 });
    const second = await this.restored(part, noise, quality, onProgress);
    const [kept, other] = second.against.length > 0 && first.against.length === 0 ? [first, second] : [second, first];
    other.denoiser.dispose();
    return kept;
  }

  async restored(part, noise, quality, onProgress) {
    const { signal } = this.controller;
    const options = { signal, ...(onProgress ? { onProgress } : {}) };
    const denoiser = await denoise.learn([part], { noise, quality, rng: this.rng.fork(), ...options });
    const result = await denoiser.restore(part, { rng: this.rng.fork(), ...options });
    return { result, denoiser, against: denoise.contradictions(part, result, noise) };
  }

  /** The parts as one picture; where the given one has no value, neither has this. */
  whole(parts, given) {
    const pixels = parts.length === 1 ? { ...parts[0], data: parts[0].data.slice() } : joinPlanes(parts);
    for (const i of withoutNaN(given).missing) pixels.data[i] = Number.NaN;
    return pixels;
  }

  /** Restores another page with what was learned; a part that the page's data contradict stays as it was given. */
  async more({ frame, pixels }) {
    const results = [];
    let refused = false;
    for (const [k, part] of this.parts(pixels).entries()) {
      const result = (await this.denoisers[k]?.restore(part, { rng: this.rng.fork() })) ?? part;
      const isRight = denoise.contradictions(part, result, this.noises[k]).length === 0;
      results.push(isRight ? result : part);
      refused ||= !isRight;
    }
    this.send("page", { frame, pixels: this.whole(results, pixels), refused });
  }

  stop() {
    this.controller.abort(new Error("stopped"));
  }
}
