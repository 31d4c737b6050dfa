// Pictures as they come: compressed, scaled, clean, drawn, dark.
import sharp, { type Sharp } from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { contradictions, estimateNoise, learn, noiseLevel } from "../../ts/denoise/index.js";
import { type Pixels, readPixels } from "../../ts/io/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { cartoon, eightBit, photograph, psnr, text, withNoise } from "./pictures.js";

const side = 64;
const names = ["camera", "chelsea", "astronaut", "coffee", "grass"] as const;
const pictures: Record<string, Pixels> = {};
beforeAll(async () => {
  await init();
  for (const name of names) pictures[name] = await photograph(name, side);
  pictures["cartoon"] = cartoon(side);
  pictures["text"] = text(side);
  for (const name of ["astronaut", "camera"]) {
    const { data, shape } = pictures[name] as Pixels;
    pictures[`dark ${name}`] = { data: data.map((value) => 0.12 * value), shape };
  }
});

function toSharp(image: Pixels): Sharp {
  const [channels, height, width] = image.shape;
  const { data } = eightBit(image);
  const bytes = new Uint8Array(data.length);
  for (let c = 0; c < channels; c++)
    for (let k = 0; k < width * height; k++) bytes[k * channels + c] = Math.round(255 * data[c * width * height + k]!);
  return sharp(bytes, { raw: { width, height, channels: channels as 1 | 3 } });
}

async function fromSharp(image: Sharp, channels: number): Promise<Pixels> {
  const png = await (channels === 1 ? image.greyscale() : image).png().toBuffer();
  const { data, shape } = await readPixels(new Uint8Array(png), { channels: channels === 1 ? "grey" : "rgb" });
  return { data, shape };
}

const compressed = (quality: number) => async (image: Sharp) => sharp(await image.jpeg({ quality }).toBuffer());
const scaled = (factor: number) => async (image: Sharp) => image.resize(Math.round(factor * side));

// Picture, noise, and what is done to the noisy one; the truth is scaled too.
const cases: [string, number, string, ((image: Sharp) => Promise<Sharp>)?, number?, number?][] = [
  ["camera", 0.03, "JPEG 95", compressed(95)],
  ["camera", 0.08, "JPEG 95", compressed(95)],
  ["chelsea", 0.03, "JPEG 80", compressed(80)],
  ["chelsea", 0.08, "JPEG 80", compressed(80)],
  ["astronaut", 0.03, "JPEG 50", compressed(50)],
  ["astronaut", 0.08, "JPEG 50", compressed(50)],
  ["camera", 0.08, "smaller", scaled(0.6), 0.6],
  ["chelsea", 0.05, "larger", scaled(1.3), 1.3],
  ["astronaut", 0.06, "JPEG, smaller", async (image) => scaled(0.6)(await compressed(85)(image)), 0.6],
  ["camera", 0, "clean"],
  ["chelsea", 0, "clean"],
  ["grass", 0, "clean"],
  ["coffee", 0, "clean, JPEG 80", compressed(80)],
  ["cartoon", 0, "clean"],
  ["cartoon", 0.05, "drawn"],
  ["cartoon", 0.05, "drawn, JPEG 70", compressed(70)],
  ["text", 0, "clean"],
  ["text", 0.05, "drawn"],
  ["text", 0.03, "drawn, JPEG 75", compressed(75)],
  ["text", 0.03, "drawn, JPEG 75, another draw", compressed(75), 1, 2],
  ["text", 0.05, "drawn, JPEG 75, another draw", compressed(75), 1, 2],
  ["dark astronaut", 0.03, "night"],
  ["dark camera", 0.06, "night"],
  ["grass", 0.05, "structure everywhere"],
];

describe("is never worse than the given picture by more than 0.3 dB", () => {
  it.each(cases)("%s, noise %d, %s", async (name, sigma, _kind, treat, factor = 1, seed = 1) => {
    const picture = pictures[name] as Pixels;
    const [channels] = picture.shape;
    const made = toSharp(withNoise(picture, sigma, new Rng(seed)));
    const given = await fromSharp(treat ? await treat(made) : made, channels);
    const truth = await fromSharp(factor === 1 ? toSharp(picture) : await scaled(factor)(toSharp(picture)), channels);
    const noise = estimateNoise([given]);
    // No noise: the command writes the picture as it is.
    if (!(noiseLevel(noise) > 0)) return;
    const denoiser = await learn([given], { noise, quality: "fast", rng: new Rng(0) });
    const restored = await denoiser.restore(given, { rng: new Rng(0) });
    denoiser.dispose();
    const result = contradictions(given, restored, noise).length > 0 ? given : restored;
    const before = psnr(given, truth);
    // Of a picture without noise the given one is the truth: 40 dB, an error of a hundredth, is not seen.
    expect(psnr(result, truth)).toBeGreaterThan(Number.isFinite(before) ? Math.min(before, 40) - 0.3 : 40);
  });
});

it("gains where the noise is what it takes it for", async () => {
  const picture = pictures["camera"] as Pixels;
  const given = eightBit(withNoise(picture, 0.1, new Rng(1)));
  const noise = estimateNoise([given]);
  const denoiser = await learn([given], { noise, quality: "fast", rng: new Rng(0) });
  const restored = await denoiser.restore(given, { rng: new Rng(0) });
  denoiser.dispose();
  expect(contradictions(given, restored, noise)).toEqual([]);
  expect(psnr(restored, picture)).toBeGreaterThan(psnr(given, picture) + 3);
});
