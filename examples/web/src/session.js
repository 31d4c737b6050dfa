// 3. The run: starts the worker and shows what it reports.
import { drawLoss } from "./chart.js";
import { download } from "./download.js";
import { byId, form, show } from "./elements.js";
import { insert, maskOf, paint, UserError } from "./image.js";
import { readSettings, updateSettings } from "./settings.js";
import { guarded, state, updateButtons } from "./state.js";

/** Least share of pixels that must be present to learn from. */
const MIN_PRESENT = 0.05;

/** Makes the buttons of the run work. */
export function setUpSession() {
  byId("settings").addEventListener("submit", (event) => {
    event.preventDefault();
    void guarded(startRun);
  });
  byId("pause").addEventListener("click", () => {
    const paused = state.run.status === "paused";
    if (paused) setStatus("running", "Learning.");
    state.run.worker.postMessage({ kind: paused ? "resume" : "pause" });
  });
  byId("stop").addEventListener("click", () => {
    setStatus("finishing", "Stopping after this step.");
    state.run.worker.postMessage({ kind: "stop" });
  });
  const json = () => `${JSON.stringify(state.run.settings, null, 2)}\n`;
  const onSave = (id, save) => byId(`save-${id}`).addEventListener("click", save);
  onSave("picture", () => download(state.run.png, "cleaned.png", "image/png"));
  onSave("weights", () => download(state.run.weights, "weights.safetensors", "application/octet-stream"));
  onSave("settings", () => download(json(), "settings.json", "application/json"));
}

async function startRun() {
  const settings = readSettings();
  const synthetic = state.image.sample !== undefined;
  const missing = settings.task === "inpaint" && !synthetic ? maskOf(state.image.pixels) : {};
  if (missing.present === 1)
    throw new UserError("Nothing is missing in this picture: none of its pixels is black or transparent.");
  if (missing.present < MIN_PRESENT)
    throw new UserError("Nearly all of this picture is black: there is nothing to learn from.");
  endRun();
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  state.run = { worker, curve: [] };
  worker.onmessage = ({ data }) => state.run?.worker === worker && handlers[data.kind](data);
  worker.onerror = (event) => {
    event.preventDefault();
    if (state.run?.worker !== worker) return;
    fail(
      `The computation failed (${event.message || "the browser ended it"}). ` +
        "Start again, perhaps with a smaller picture.",
    );
  };
  setStatus("starting", "Loading the library.");
  show(["numbers", "progress"], true);
  for (const id of ["n-step", "n-loss", "n-psnr", "n-speed", "n-left", "n-device"]) byId(id).textContent = "";
  byId("chart").replaceChildren();
  byId("progress").value = 0;
  const { pixels } = state.image;
  const device = form.device.value;
  worker.postMessage({ kind: "start", pixels, choice: settings, synthetic, ...missing, seed: 0, device });
}

/** What the page does with the worker's messages, by kind. */
const handlers = {
  ready({ device, given, settings, level }) {
    const { data, shape } = given.pixels;
    Object.assign(state.run, { settings, initialPsnr: given.psnr, shown: { data: data.slice(), shape } });
    paint(byId("before"), given.pixels);
    paint(byId("after"), given.pixels);
    byId("n-device").textContent = device;
    showPsnr(given.psnr);
    const estimate = `The estimated noise level, ${level.toPrecision(3)}, is the initial value.`;
    setStatus("running", settings.losses[0].unsure ? `Learning. ${estimate}` : "Learning.");
  },
  progress({ step, steps, loss, stepsPerSecond }) {
    state.run.curve.push({ x: step, y: loss });
    Object.assign(byId("progress"), { max: steps, value: step });
    byId("n-step").textContent = `${step} of ${steps}`;
    byId("n-loss").textContent = loss.toPrecision(3);
    byId("n-speed").textContent = stepsPerSecond.toPrecision(3);
    byId("n-left").textContent = `${Math.ceil((steps - step) / stepsPerSecond)} s`;
    drawLoss(byId("chart"), state.run);
  },
  preview({ pixels, top, left, psnr }) {
    insert(state.run.shown, pixels, top, left);
    paint(byId("after"), state.run.shown);
    showPsnr(psnr);
  },
  status: ({ text }) => setStatus("finishing", text),
  paused: () => setStatus("paused", "Paused."),
  done({ pixels, psnr, png, weights, step }) {
    Object.assign(state.run, { png, weights });
    paint(byId("after"), pixels);
    showPsnr(psnr);
    drawLoss(byId("chart"), state.run, true);
    const { initialPsnr } = state.run;
    const gain = psnr === undefined ? "" : ` PSNR rose from ${initialPsnr.toFixed(2)} to ${psnr.toFixed(2)} dB.`;
    setStatus("done", `Done after ${step} steps.${gain}`);
    // Frees the worker's memory.
    state.run.worker.terminate();
  },
  error: ({ text }) => fail(text),
  fallback({ text }) {
    form.device.value = "cpu";
    byId("error").textContent = text;
  },
  lost({ text }) {
    form.device.value = "cpu";
    void guarded(async () => {
      await startRun();
      byId("error").textContent = text;
    });
  },
};

function showPsnr(psnr) {
  byId("n-psnr").textContent = psnr === undefined ? "unknown" : `${psnr.toFixed(2)} dB`;
}

function setStatus(status, text) {
  state.run.status = status;
  byId("status").textContent = text;
  byId("compare").dataset.state = status;
  updateButtons();
}

/** Ends and discards the current run, if any. */
export function endRun() {
  state.run?.worker.terminate();
  state.run = undefined;
  show(["numbers", "progress"], false);
  byId("chart").replaceChildren();
  byId("status").textContent = "Nothing is running yet.";
  delete byId("compare").dataset.state;
}

function fail(text) {
  endRun();
  byId("error").textContent = text;
  updateSettings();
}
