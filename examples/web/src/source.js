// 1. The image: a sample, a file, dropped or pasted.
import { byId, form, show } from "./elements.js";
import { decode, downscale, maxPixels, paint } from "./image.js";
import { endRun } from "./session.js";
import { updateSettings } from "./settings.js";
import { guarded, state } from "./state.js";

const samples = [
  { name: "camera", label: "A man with a camera, grey", url: new URL("../../images/camera.png", import.meta.url) },
  { name: "chelsea", label: "A cat, in colour", url: new URL("../../images/chelsea.png", import.meta.url) },
  { name: "coins", label: "Coins, grey", url: new URL("../../images/coins.png", import.meta.url) },
  { name: "rocket", label: "A rocket at night, in colour", url: new URL("../../images/rocket.png", import.meta.url) },
];

/** Makes the samples, the file input, dropping and pasting work. */
export function setUpSource() {
  for (const sample of samples) byId("samples").append(sampleButton(sample));
  byId("file").addEventListener("change", ({ target }) => void guarded(async () => await takeFile(target.files[0])));
  const drop = byId("drop");
  for (const kind of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", kind === "dragover");
      if (kind === "drop") void guarded(async () => await takeFile(event.dataTransfer.files[0]));
    });
  }
  document.addEventListener("paste", ({ clipboardData }) => {
    const [file] = clipboardData?.files ?? [];
    if (file) void guarded(async () => await takeFile(file, "The pasted picture"));
  });
  byId("downscale").addEventListener("click", () => {
    setImage({ ...state.image, pixels: downscale(state.image.pixels) });
  });
}

function sampleButton({ name, label, url }) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.name = name;
  button.setAttribute("aria-pressed", "false");
  button.append(Object.assign(new Image(56, 56), { src: url.href, alt: label }));
  const take = async () => await takeFile(await (await fetch(url)).blob(), label, name);
  button.addEventListener("click", () => void guarded(take));
  return button;
}

/** Decodes an image and shows it. If the file is not an image, the previous image stays. */
async function takeFile(file, name = file?.name, sample = undefined) {
  if (file) setImage({ pixels: await decode(file, name), name, sample });
}

function setImage(image) {
  state.image = image;
  endRun();
  const [channels, height, width] = image.pixels.shape;
  for (const button of byId("samples").children)
    button.setAttribute("aria-pressed", String(button.dataset.name === image.sample));
  const tooLarge = height * width > maxPixels;
  show(["large"], tooLarge);
  byId("large-text").textContent = tooLarge
    ? `This picture has ${(height * width) / 1e6} million pixels; this page takes up to ${maxPixels / 1e6} million.`
    : "";
  byId("picked").textContent = `${image.name}: ${width} x ${height}, ${channels === 1 ? "grey" : "colour"}.`;
  form.estimate.checked = image.sample === undefined;
  if (!tooLarge) {
    paint(byId("before"), image.pixels);
    paint(byId("after"), image.pixels);
    show(["compare", "slider-row"], true);
  }
  updateSettings();
}
