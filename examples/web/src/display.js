// Brightness on the screen: the window of each channel, its colours, and the painting of both pictures.
import { byId, show } from "./elements.js";
import { automaticWindow, channelColours, sampleOf, toScreen } from "./window.js";
import { resize } from "./viewer.js";

/** The pictures, and how they are shown; `selected` is the channel that the window's fields are about. */
const display = { given: undefined, cleaned: undefined, look: undefined, sorted: [], selected: 0 };
let frame;

/** Makes the controls of brightness and channels work. */
export function setUpDisplay() {
  for (const [id, key] of [
    ["window-low", "low"],
    ["window-high", "high"],
    ["gamma", "gamma"],
  ]) {
    byId(id).addEventListener("input", ({ target }) => {
      const value = Number(target.value);
      if (target.value === "" || !Number.isFinite(value)) return;
      display.look.windows[display.selected][key] = value;
      update();
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => display.given && drawHistogram());
  byId("window-auto").addEventListener("click", () => {
    display.look.windows = display.sorted.map((sorted) => automaticWindow(sorted, display.sample, display.look.scale));
    fillFields();
    update();
  });
}

/**
 * Shows a picture as given; the look of the last one is kept where `keep` is set, as for another page.
 *
 * @param info `{ sample, scale, names }`; `names` are those of channels that are no colours.
 */
export function showGiven(pixels, { sample, scale, names }, keep = false) {
  Object.assign(display, { given: pixels, cleaned: undefined, sample });
  const count = names ? names.length : 1;
  const length = pixels.data.length / count;
  display.sorted = Array.from({ length: count }, (_, c) => sampleOf(pixels, scale, c * length, (c + 1) * length));
  if (!keep || display.look?.windows.length !== count) {
    display.selected = 0;
    display.look = {
      scale,
      windows: display.sorted.map((sorted) => automaticWindow(sorted, sample, scale)),
      colours: names?.map((_, c) => ({ colour: channelColours[c % channelColours.length], on: true })),
    };
    channelRows(names);
  }
  fillFields();
  resize(pixels.shape[2], pixels.shape[1]);
  paintNow();
}

/** Shows a cleaned picture, whole or so far; `undefined` shows the given one on both sides. */
export function showCleaned(pixels) {
  display.cleaned = pixels;
  paint(byId("after"), pixels ?? display.given);
}

function update() {
  byId("gamma-text").textContent = display.look.windows[display.selected].gamma.toFixed(2).replace(/\.?0+$/, "");
  // Many changes between two pictures of the screen are one.
  frame ??= requestAnimationFrame(paintNow);
}

function paintNow() {
  frame = undefined;
  if (!display.given) return;
  paint(byId("before"), display.given);
  paint(byId("after"), display.cleaned ?? display.given);
  drawHistogram();
}

function paint(canvas, pixels) {
  const [, height, width] = pixels.shape;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  canvas.getContext("2d").putImageData(new ImageData(toScreen(pixels, display.look), width, height), 0, 0);
}

function fillFields() {
  const { low, high, gamma } = display.look.windows[display.selected];
  byId("window-low").value = String(Number(low.toPrecision(5)));
  byId("window-high").value = String(Number(high.toPrecision(5)));
  byId("gamma").value = String(gamma);
  byId("gamma-text").textContent = gamma.toFixed(2).replace(/\.?0+$/, "");
}

function channelRows(names) {
  show(["channels"], names !== undefined);
  byId("channels").replaceChildren(...(names ?? []).map(channelRow));
}

function channelRow(name, c) {
  const row = document.createElement("div");
  row.className = "channel";
  const [box, colour, label, edit] = ["input", "input", "label", "button"].map((tag) => document.createElement(tag));
  Object.assign(box, { type: "checkbox", checked: true, id: `channel-${c}` });
  Object.assign(colour, { type: "color", value: display.look.colours[c].colour });
  colour.setAttribute("aria-label", `Colour of ${name}`);
  Object.assign(label, { htmlFor: box.id, textContent: name });
  Object.assign(edit, { type: "button", textContent: "Adjust" });
  edit.setAttribute("aria-label", `Adjust the brightness of ${name}`);
  edit.setAttribute("aria-pressed", String(c === display.selected));
  box.addEventListener("change", () => {
    display.look.colours[c].on = box.checked;
    update();
  });
  colour.addEventListener("input", () => {
    display.look.colours[c].colour = colour.value;
    update();
  });
  edit.addEventListener("click", () => {
    display.selected = c;
    for (const [k, button] of [...byId("channels").querySelectorAll("button")].entries())
      button.setAttribute("aria-pressed", String(k === c));
    fillFields();
    drawHistogram();
  });
  row.append(box, colour, label, edit);
  return row;
}

/** Draws how often each brightness occurs, and black and white as lines. */
function drawHistogram() {
  const canvas = byId("histogram");
  const context = canvas.getContext("2d");
  const { width, height } = canvas;
  const sorted = display.sorted[display.selected];
  const style = getComputedStyle(canvas);
  context.clearRect(0, 0, width, height);
  if (sorted.length === 0) return;
  const { low, high } = display.look.windows[display.selected];
  const [from, to] = [Math.min(sorted[0], low), Math.max(sorted.at(-1), high)];
  const counts = new Uint32Array(width / 2);
  const binOf = (value) => Math.min(counts.length - 1, Math.floor(((value - from) / (to - from || 1)) * counts.length));
  for (const value of sorted) counts[binOf(value)]++;
  const most = Math.sqrt(Math.max(...counts));
  context.fillStyle = style.getPropertyValue("--soft");
  for (const [k, count] of counts.entries()) {
    const bar = (Math.sqrt(count) / most) * (height - 6);
    context.fillRect(2 * k, height - bar, 2, bar);
  }
  context.fillStyle = style.getPropertyValue("--accent");
  for (const value of [low, high])
    context.fillRect(Math.min(width - 2, Math.max(0, ((value - from) / (to - from || 1)) * width - 1)), 0, 2, height);
}
