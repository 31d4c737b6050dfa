// The page: what is chosen and shown. The work is done by worker.js.
import { train } from "adjoint";
import { blurs } from "./blur.js";
import { compare } from "./compare.js";
import { download } from "./download.js";
import { decode, downscale, maskOf, mostPixels, paint, Sentence } from "./picture.js";
import { efforts, fittingLosses, noises } from "./plan.js";

const samples = [
  {
    name: "camera",
    label: "A man with a camera, grey",
    address: new URL("../../images/camera.png", import.meta.url).href,
  },
  { name: "chelsea", label: "A cat, in colour", address: new URL("../../images/chelsea.png", import.meta.url).href },
  { name: "coins", label: "Coins, grey", address: new URL("../../images/coins.png", import.meta.url).href },
  {
    name: "rocket",
    label: "A rocket at night, in colour",
    address: new URL("../../images/rocket.png", import.meta.url).href,
  },
];

const at = (id) => document.getElementById(id);
const form = Object.fromEntries(
  ["task", "blur", "size", "angle", "noise", "level", "estimate", "loss", "effort", "device"].map((id) => [id, at(id)]),
);

/** `{ pixels, name, sample }` */
let picture;
/** `{ worker, state: "starting" | "running" | "paused" | "finishing" | "done", curve, psnrs, ... }` */
let run;

const slider = compare(at("compare"), at("slider"));

// 1. The picture

for (const { name, label, address } of samples) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.name = name;
  button.setAttribute("aria-pressed", "false");
  const image = Object.assign(new Image(56, 56), { src: address, alt: label });
  button.append(image);
  button.addEventListener(
    "click",
    () => void guarded(async () => take(await (await fetch(address)).blob(), label, name)),
  );
  at("samples").append(button);
}
at("file").addEventListener(
  "change",
  ({ target }) => void guarded(async () => target.files[0] && (await take(target.files[0], target.files[0].name))),
);
const drop = at("drop");
for (const kind of ["dragover", "dragleave", "drop"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files[0])
      void guarded(async () => await take(event.dataTransfer.files[0], event.dataTransfer.files[0].name));
  });
}
document.addEventListener("paste", ({ clipboardData }) => {
  const [file] = clipboardData?.files ?? [];
  if (file) void guarded(async () => await take(file, "The pasted picture"));
});
at("downscale").addEventListener("click", () => {
  use({ ...picture, pixels: downscale(picture.pixels) });
});

/** Decodes a picture and shows it. A file that is none leaves the one before in place. */
async function take(file, name, sample) {
  use({ pixels: await decode(file, name), name, sample });
}

function use(next) {
  picture = next;
  end();
  const [channels, height, width] = picture.pixels.shape;
  for (const button of at("samples").children)
    button.setAttribute("aria-pressed", String(button.dataset.name === picture.sample));
  const tooLarge = height * width > mostPixels;
  at("large").hidden = !tooLarge;
  at("large-text").textContent = tooLarge
    ? `This picture has ${(height * width) / 1e6} million pixels; this page takes up to ${mostPixels / 1e6} million.`
    : "";
  at("picked").textContent = `${picture.name}: ${width} x ${height}, ${channels === 1 ? "grey" : "colour"}.`;
  form.estimate.checked = picture.sample === undefined;
  if (!tooLarge) {
    paint(at("before"), picture.pixels);
    paint(at("after"), picture.pixels);
    for (const id of ["compare", "slider-row"]) at(id).hidden = false;
  }
  refresh();
}

// 2. The settings

for (const [name, { label }] of Object.entries(noises)) form.noise.append(new Option(label, name));
for (const [name, { label }] of Object.entries(efforts)) form.effort.append(new Option(label, name));
for (const [name, { label }] of Object.entries(blurs)) form.blur.append(new Option(label, name));
for (const control of [form.noise, form.task]) control.addEventListener("change", startLevel);
// Each task has its own loss to start with.
form.task.addEventListener("change", () => form.loss.replaceChildren());
form.blur.addEventListener("change", startBlur);
for (const control of Object.values(form)) control.addEventListener("change", refresh);

function startLevel() {
  const { start, faint, least, most } = noises[form.noise.value];
  Object.assign(form.level, {
    min: least,
    max: most,
    step: "any",
    value: form.task.value === "deblur" ? faint : start,
  });
}

function startBlur() {
  const { start, least, most } = blurs[form.blur.value];
  Object.assign(form.size, { min: least, max: most, step: "any", value: start });
}

function choice() {
  const { least, most, level: meaning } = noises[form.noise.value];
  const level = Number(form.level.value);
  if (!(form.estimate.checked && picture?.sample === undefined) && !(level >= least && level <= most)) {
    throw new Sentence(
      `The level is ${form.level.value || "empty"}; for this noise it lies between ${least} and ${most}. ${meaning}`,
    );
  }
  const blur = blurs[form.blur.value];
  const [size, angle] = [Number(form.size.value), Number(form.angle.value)];
  if (form.task.value === "deblur") {
    if (!(size >= blur.least && size <= blur.most))
      throw new Sentence(
        `The size of the blur is ${form.size.value || "empty"}; for this blur it lies between ${blur.least} and ${blur.most}. ${blur.size}`,
      );
    if (!blur.round && (form.angle.value === "" || !(Math.abs(angle) <= 180)))
      throw new Sentence(
        `The direction of the blur is ${form.angle.value || "empty"}; it lies between -180 and 180 degrees.`,
      );
  }
  return {
    task: form.task.value,
    blur: form.blur.value,
    size,
    angle,
    noise: form.noise.value,
    level: level || noises[form.noise.value].start,
    estimated: form.estimate.checked,
    loss: form.loss.value,
    effort: form.effort.value,
  };
}

/** Makes the form say what fits. */
function refresh() {
  const sample = picture?.sample !== undefined;
  const [inpaint, deblur] = ["inpaint", "deblur"].map((task) => form.task.value === task);
  const blur = blurs[form.blur.value];
  const { what, level } = noises[form.noise.value];
  at("task-help").textContent = inpaint
    ? sample
      ? "Half of the sample's pixels are taken away."
      : "Pixels that are black or transparent count as missing."
    : deblur && !sample
      ? "The blur has to be told: try kinds and sizes, and take what looks best. Too small a size helps a little, too large a one makes rings."
      : "";
  for (const id of ["blur-field", "size-field"]) at(id).hidden = !deblur;
  at("angle-field").hidden = !deblur || form.blur.value !== "motion";
  at("blur-help").textContent = `${blur.what}${sample ? " The sample is blurred so." : ""}`;
  at("size-help").textContent = blur.size;
  at("noise-help").textContent = `${what}${sample ? " It is added to the sample." : ""}`;
  at("level-help").textContent = level;
  form.level.disabled = !sample && (form.estimate.checked || inpaint);
  form.estimate.disabled = inpaint;
  if (inpaint) form.estimate.checked = false;
  const losses = fittingLosses({
    task: form.task.value,
    blur: form.blur.value,
    size: blur.start,
    angle: 0,
    noise: form.noise.value,
    level: noises[form.noise.value].start,
    estimated: form.estimate.checked,
  });
  const before = form.loss.value;
  form.loss.replaceChildren(...losses.map(({ name, label }) => new Option(label, name)));
  if (losses.some(({ name }) => name === before)) form.loss.value = before;
  at("loss-why").textContent = losses.find(({ name }) => name === form.loss.value)?.text ?? "";
  buttons();
}

function buttons() {
  const state = run?.state;
  const active = state !== undefined && state !== "done";
  at("start").disabled = !picture || !at("large").hidden || active;
  at("start").textContent = state === "done" ? "Start again" : "Start";
  at("pause").disabled = state !== "running" && state !== "paused";
  at("pause").textContent = state === "paused" ? "Resume" : "Pause";
  at("stop").disabled = state !== "running" && state !== "paused";
  for (const id of ["save-picture", "save-weights"]) at(id).disabled = state !== "done";
  at("save-settings").disabled = run?.settings === undefined;
}

// 3. The run

at("settings").addEventListener("submit", (event) => {
  event.preventDefault();
  void guarded(start);
});
at("pause").addEventListener("click", () => {
  const paused = run.state === "paused";
  if (paused) say("running", "Learning.");
  run.worker.postMessage({ kind: paused ? "resume" : "pause" });
});
at("stop").addEventListener("click", () => {
  say("finishing", "Stopping after this step.");
  run.worker.postMessage({ kind: "stop" });
});
at("save-picture").addEventListener("click", () => download(run.png, "cleaned.png", "image/png"));
at("save-weights").addEventListener("click", () =>
  download(run.weights, "weights.safetensors", "application/octet-stream"),
);
at("save-settings").addEventListener("click", () =>
  download(`${JSON.stringify(run.settings, null, 2)}\n`, "settings.json", "application/json"),
);

async function start() {
  const chosen = choice();
  const synthetic = picture.sample !== undefined;
  const missing = chosen.task === "inpaint" && !synthetic ? maskOf(picture.pixels) : {};
  if (missing.kept === 1)
    throw new Sentence("Nothing is missing in this picture: none of its pixels is black or transparent.");
  if (missing.kept !== undefined && missing.kept < 0.05)
    throw new Sentence("Nearly all of this picture is black: there is nothing to learn from.");
  end();
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  run = { worker, curve: [], psnrs: [] };
  worker.onmessage = ({ data }) => run?.worker === worker && told[data.kind](data);
  worker.onerror = (event) => {
    event.preventDefault();
    if (run?.worker === worker)
      fail(
        `The computation broke off (${event.message || "the browser ended it"}). The page goes on working: start again, perhaps with a smaller picture.`,
      );
  };
  say("starting", "Loading the library.");
  for (const id of ["numbers", "progress"]) at(id).hidden = false;
  for (const id of ["n-step", "n-loss", "n-psnr", "n-speed", "n-left", "n-device"]) at(id).textContent = "";
  at("chart").replaceChildren();
  at("progress").value = 0;
  worker.postMessage({
    kind: "start",
    pixels: picture.pixels,
    choice: chosen,
    synthetic,
    ...missing,
    seed: 0,
    device: form.device.value,
  });
}

/** What the worker tells, by kind. */
const told = {
  ready({ device, given, settings, level }) {
    Object.assign(run, {
      settings,
      startPsnr: given.psnr,
      shown: { data: given.pixels.data.slice(), shape: given.pixels.shape },
    });
    paint(at("before"), given.pixels);
    paint(at("after"), given.pixels);
    at("n-device").textContent = device;
    showPsnr(given.psnr);
    say(
      "running",
      settings.losses[0].unsure
        ? `Learning. Noise of level ${level.toPrecision(3)} was found, to start from.`
        : "Learning.",
    );
  },
  progress({ step, steps, loss, stepsPerSecond }) {
    run.curve.push({ x: step, y: loss });
    at("progress").max = steps;
    at("progress").value = step;
    at("n-step").textContent = `${step} of ${steps}`;
    at("n-loss").textContent = loss.toPrecision(3);
    at("n-speed").textContent = stepsPerSecond.toPrecision(3);
    at("n-left").textContent = `${Math.ceil((steps - step) / stepsPerSecond)} s`;
    draw();
  },
  preview({ pixels, top, left, psnr }) {
    insert(run.shown, pixels, top, left);
    paint(at("after"), run.shown);
    showPsnr(psnr);
  },
  status: ({ text }) => say("finishing", text),
  paused: () => say("paused", "Paused."),
  done({ pixels, psnr, png, weights, step }) {
    Object.assign(run, { png, weights });
    paint(at("after"), pixels);
    showPsnr(psnr);
    draw(true);
    const gain = psnr === undefined ? "" : ` PSNR rose from ${run.startPsnr.toFixed(2)} to ${psnr.toFixed(2)} dB.`;
    say("done", `Done after ${step} steps.${gain}`);
    // What the worker holds is of no use any more.
    run.worker.terminate();
  },
  error: ({ text }) => fail(text),
  fallback({ text }) {
    form.device.value = "cpu";
    at("error").textContent = text;
  },
  lost({ text }) {
    form.device.value = "cpu";
    void guarded(async () => {
      await start();
      at("error").textContent = text;
    });
  },
};

function showPsnr(psnr) {
  at("n-psnr").textContent = psnr === undefined ? "unknown" : `${psnr.toFixed(2)} dB`;
}

/** Puts a rectangle of pixels into a picture. */
function insert(whole, part, top, left) {
  const [channels, rows, columns] = part.shape;
  const [, height, width] = whole.shape;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < rows; i++) {
      const from = (c * rows + i) * columns;
      whole.data.set(part.data.subarray(from, from + columns), (c * height + top + i) * width + left);
    }
  }
}

/** Draws the curve, at most twice a second. */
function draw(always = false) {
  const now = performance.now();
  if (!always && now - (run.drawn ?? 0) < 500) return;
  run.drawn = now;
  const { curve } = run;
  const points = curve.map(({ x }, i) => {
    const near = curve.slice(Math.max(0, i - 4), i + 5);
    return { x, y: near.reduce((sum, { y }) => sum + y, 0) / near.length };
  });
  at("chart").innerHTML = train.lineChart({
    title: "Loss",
    xLabel: "step",
    yLabel: "loss",
    series: [{ label: run.settings.losses.map(({ name }) => name).join(" and "), points }],
  });
  const last = curve.at(-1);
  at("chart").setAttribute(
    "aria-label",
    `Loss by step: ${curve[0].y.toPrecision(3)} at the start, ${last.y.toPrecision(3)} at step ${last.x}`,
  );
}

function say(state, text) {
  run.state = state;
  at("status").textContent = text;
  at("compare").dataset.state = state;
  buttons();
}

/** Ends the run, if there is one, and forgets it. */
function end() {
  run?.worker.terminate();
  run = undefined;
  for (const id of ["numbers", "progress"]) at(id).hidden = true;
  at("chart").replaceChildren();
  at("status").textContent = "Nothing runs yet.";
  delete at("compare").dataset.state;
}

function fail(text) {
  end();
  at("error").textContent = text;
  refresh();
}

/** Runs what a visitor asked for; what goes wrong is told in a sentence. */
async function guarded(work) {
  at("error").textContent = "";
  try {
    await work();
  } catch (error) {
    at("error").textContent = error instanceof Sentence ? error.message : `Something went wrong: ${error.message}`;
  }
  buttons();
}

// The choice is there where there is something to choose.
void (async () => {
  at("device-field").hidden = !(await navigator.gpu?.requestAdapter().catch(() => null));
})();
startLevel();
startBlur();
refresh();
slider.show();
