// The picture: a sample, a file, dropped or pasted; its pages.
import { showCleaned, showGiven } from "./display.js";
import { byId, show } from "./elements.js";
import { openFile, readFrame } from "./files.js";
import { downscale } from "./frames.js";
import { labelOf } from "./output.js";
import { endRun, startRun } from "./session.js";
import { resetSettings, updateSettings } from "./settings.js";
import { guarded, state } from "./state.js";
import { showSide } from "./viewer.js";

/** Largest number of pixels that is cleaned at once: copies in float32 of all of them are kept. */
const maxPixels = 16_000_000;

const samples = [
  { name: "camera", label: "A man with a camera", url: new URL("../../images/camera.png", import.meta.url) },
  { name: "chelsea", label: "A cat", url: new URL("../../images/chelsea.png", import.meta.url) },
  { name: "coins", label: "Coins", url: new URL("../../images/coins.png", import.meta.url) },
  { name: "rocket", label: "A rocket at night", url: new URL("../../images/rocket.png", import.meta.url) },
];

/** Makes the samples, the file input, dropping, pasting and pages work. */
export function setUpPicture() {
  for (const sample of samples) byId("samples").append(sampleButton(sample));
  byId("file").addEventListener("change", ({ target }) => {
    const [file] = target.files;
    void guarded(async () => await takeFile(file));
    // The same file can be chosen again.
    target.value = "";
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      document.body.classList.toggle("over", kind === "dragover");
      if (kind === "drop") void guarded(async () => await takeFile(event.dataTransfer.files[0]));
    });
  }
  document.addEventListener("paste", ({ clipboardData }) => {
    const [file] = clipboardData?.files ?? [];
    if (file) void guarded(async () => await takeFile(file, "The pasted picture"));
  });
  byId("downscale").addEventListener("click", () => void guarded(makeSmaller));
  byId("page").addEventListener(
    "input",
    ({ target }) => void guarded(async () => await turnTo(Number(target.value) - 1)),
  );
}

function sampleButton({ name, label, url }) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.name = name;
  const image = Object.assign(new Image(), { src: url.href, alt: "" });
  const caption = Object.assign(document.createElement("span"), { textContent: label });
  button.append(image, caption);
  const take = async () => await takeFile(await (await fetch(url)).blob(), label, name);
  button.addEventListener("click", () => void guarded(take));
  return button;
}

/** Opens a file, shows it and begins to clean it. If it cannot be read, the previous picture stays. */
async function takeFile(file, name = file?.name, sample = undefined) {
  if (!file) return;
  document.body.classList.add("opening");
  try {
    const { sample: sampleType, frames, ...opened } = await openFile(file, name);
    endRun();
    Object.assign(state, {
      picture: { ...opened, name, sample, sampleType, frames, frame: 0, results: new Map(), smaller: undefined },
    });
  } finally {
    document.body.classList.remove("opening");
  }
  setView();
  const { pixels } = state.picture;
  const count = pixels.shape[1] * pixels.shape[2];
  resetSettings(Math.min(count, maxPixels));
  showPicture();
  const isTooLarge = count > maxPixels;
  show(["large"], isTooLarge);
  byId("large-text").textContent = isTooLarge
    ? `This picture has ${Math.round(count / 1e5) / 10} million pixels; this page cleans up to ${maxPixels / 1e6} ` +
      "million. The command adjoint denoise takes larger ones."
    : "";
  if (isTooLarge) {
    byId("status").textContent = "Too large for a browser";
    return;
  }
  await startRun();
}

function setView() {
  document.body.dataset.view = "picture";
  show(["welcome"], false);
  show(["stage", "panel"], true);
  byId("save-picture").textContent = labelOf(state.picture.output);
}

function showPicture(keep = false) {
  const { pixels, sampleType, scale, names, name, frames, frame, results } = state.picture;
  const [channels, height, width] = pixels.shape;
  showGiven(pixels, { sample: sampleType, scale, names }, keep);
  showCleaned(results.get(frame));
  showSide(results.has(frame) ? "split" : "given");
  const colours = names ? `${channels} channels` : channels === 1 ? "grey" : "colour";
  const pages = frames > 1 ? `, ${frames} pages` : "";
  byId("picked").textContent = `${name}: ${width} x ${height}, ${colours}, ${depthOf(sampleType)}${pages}.`;
  show(["pages-row"], frames > 1);
  Object.assign(byId("page"), { max: frames, value: frame + 1 });
  byId("page-text").textContent = `${frame + 1} of ${frames}`;
}

const depthOf = (sample) => `${/\d+/.exec(sample)?.[0]} bit${sample.startsWith("float") ? " float" : ""}`;

async function makeSmaller() {
  const { picture } = state;
  picture.pixels = downscale(picture.pixels, maxPixels);
  if (picture.opacity) picture.opacity = downscale(picture.opacity, maxPixels);
  picture.smaller = maxPixels;
  show(["large"], false);
  showPicture();
  updateSettings();
  await startRun();
}

/** Shows another page; while a run learns from a page, its result will belong to that page. */
async function turnTo(frame) {
  const { picture } = state;
  picture.frame = frame;
  byId("page-text").textContent = `${frame + 1} of ${picture.frames}`;
  const { pixels, opacity } = await readFrame(frame);
  // The visitor may have moved on.
  if (state.picture !== picture || picture.frame !== frame) return;
  Object.assign(picture, { pixels, opacity });
  showPicture(true);
}
