// The run: starts the worker and shows what it reports.
import { drawLoss } from "./chart.js";
import { showCleaned, showGiven } from "./display.js";
import { download } from "./download.js";
import { byId, form, show } from "./elements.js";
import { UserError } from "./errors.js";
import { readFrame, writeFile } from "./files.js";
import { maskOf } from "./frames.js";
import { readSettings, updateSettings } from "./settings.js";
import { guarded, state, updateButtons } from "./state.js";
import { sentence, timeLeft, verdictOf } from "./verdict.js";
import { showSide } from "./viewer.js";

/** Least share of pixels that must be present to learn from. */
const MIN_PRESENT = 0.05;

/** Makes the buttons of the run work. */
export function setUpSession() {
  byId("settings").addEventListener("submit", (event) => {
    event.preventDefault();
    void guarded(startRun);
  });
  byId("pause").addEventListener("click", () => {
    const isPaused = state.run.status === "paused";
    if (isPaused) setStatus("running", "Learning from your picture");
    state.run.worker.postMessage({ kind: isPaused ? "resume" : "pause" });
  });
  byId("stop").addEventListener("click", stop);
  byId("all-pages").addEventListener("click", () => void guarded(cleanAllPages));
  byId("save-picture").addEventListener("click", () => void guarded(savePicture));
  byId("save-weights").addEventListener("click", () =>
    download(state.run.weights, "weights.safetensors", "application/octet-stream"),
  );
  byId("save-settings").addEventListener("click", () =>
    download(`${JSON.stringify(state.run.settings, null, 2)}\n`, "settings.json", "application/json"),
  );
}

/** Stops: a run that trains step by step ends with what it has, another one without a result. */
function stop() {
  const { run } = state;
  if (run.isStepwise && run.status !== "finishing") {
    run.worker.postMessage({ kind: "stop" });
    return setStatus("finishing", "Stopping after this step");
  }
  endRun();
  byId("status").textContent = "Stopped";
  byId("detail").textContent = "The picture is as it was given.";
}

/** Starts a run on the page that is shown, with the settings of the form. */
export async function startRun() {
  const choice = readSettings();
  const { picture } = state;
  const synthetic = picture.sample !== undefined;
  const missing = choice.task === "inpaint" && !synthetic ? maskOf(picture.pixels, picture.opacity) : {};
  if (missing.present === 1)
    throw new UserError("Nothing is missing in this picture: none of its pixels is black or transparent.");
  if (missing.present < MIN_PRESENT)
    throw new UserError("Nearly all of this picture is black: there is nothing to learn from.");
  // A sample is measured anew from its clean pixels.
  picture.clean ??= picture.pixels;
  const pixels = synthetic ? picture.clean : picture.pixels;
  endRun();
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  const isStepwise = !(choice.task === "denoise" && choice.loss === "auto");
  state.run = { worker, curve: [], choice, isStepwise, frame: picture.frame };
  worker.onmessage = ({ data }) => state.run?.worker === worker && handlers[data.kind](data);
  worker.onerror = (event) => {
    event.preventDefault();
    if (state.run?.worker !== worker) return;
    fail(
      `The computation failed (${event.message || "the browser ended it"}). ` +
        "Start again, perhaps with a smaller picture.",
    );
  };
  // On a phone the settings are below the picture.
  scrollTo({ top: 0 });
  byId("panel").scrollTo({ top: 0 });
  setStatus("starting", "Getting ready", "The network and its engine are loaded.");
  Object.assign(byId("progress"), { max: 1, value: 0 });
  byId("left").textContent = "";
  show(["progress-row"], true);
  show(["run-numbers"], isStepwise);
  for (const id of ["n-step", "n-loss", "n-speed", "n-device"]) byId(id).textContent = "";
  byId("chart").replaceChildren();
  const separate = picture.names !== undefined;
  worker.postMessage({
    kind: "start",
    pixels,
    separate,
    choice,
    synthetic,
    ...missing,
    seed: 0,
    device: form.device.value,
  });
}

/** Whether the page of the run is the one that is shown. */
const isShown = () => state.picture.frame === state.run.frame;

/** What the page does with the worker's messages, by kind. */
const handlers = {
  ready({ device, given, settings, lossNames, found }) {
    const { data, shape } = given.pixels;
    Object.assign(state.run, { settings, lossNames, found, shown: { data: data.slice(), shape } });
    byId("n-device").textContent = device;
    if (state.picture.sample !== undefined) {
      state.picture.pixels = given.pixels;
      const { sampleType, scale, names } = state.picture;
      showGiven(given.pixels, { sample: sampleType, scale, names }, true);
    }
    setStatus("running", "Learning from your picture", found);
  },
  working({ phase, done, secondsLeft }) {
    // The time of a phase is not known exactly: the bar never goes back.
    const bar = byId("progress");
    bar.value = Math.max(bar.value, done);
    byId("left").textContent = timeLeft(secondsLeft);
    if (phase === "restoring" && state.run.status === "running")
      setStatus("finishing", "Cleaning the whole picture", state.run.found);
  },
  progress({ step, steps, loss, stepsPerSecond }) {
    state.run.curve.push({ x: step, y: loss });
    byId("n-step").textContent = `${step} of ${steps}`;
    byId("n-loss").textContent = loss.toPrecision(3);
    byId("n-speed").textContent = stepsPerSecond.toPrecision(3);
    if (byId("advanced").open) drawLoss(byId("chart"), state.run);
  },
  preview({ pixels, top, left }) {
    insert(state.run.shown, pixels, top, left);
    if (!isShown()) return;
    showCleaned(state.run.shown);
    state.run.hasPreview = true;
    updateButtons();
    if (byId("compare").dataset.shown === "given") showSide("split");
  },
  paused: () => setStatus("paused", "Paused"),
  done(result) {
    const { run, picture } = state;
    const verdict = verdictOf({ task: run.choice.task, ...result });
    Object.assign(run, { hasPreview: false, outcome: verdict.outcome, weights: result.weights, more: result.more });
    const isClean = verdict.outcome === "clean";
    if (isClean) picture.results.set(run.frame, result.pixels);
    if (isShown()) {
      showCleaned(isClean ? result.pixels : undefined);
      showSide(isClean ? "split" : "given");
    }
    showNumbers(result, isClean);
    if (run.curve.length > 0) drawLoss(byId("chart"), run, true);
    show(["progress-row"], false);
    setStatus("done", verdict.title, verdict.detail, verdict);
    // Frees the worker's memory, unless other pages may follow.
    if (!(result.more && isClean && picture.frames > 1)) run.worker.terminate();
  },
  page: (message) => state.run.onPage?.(message),
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

function showNumbers({ before, after }, isClean) {
  const isKnown = isClean && before !== undefined && after !== undefined;
  show(["numbers"], isKnown);
  if (!isKnown) return;
  byId("psnr-before").textContent = `${before.toFixed(2)} dB`;
  byId("psnr-after").textContent = `${after.toFixed(2)} dB`;
  byId("psnr-gain").textContent = `+${(after - before).toFixed(2)} dB`;
}

function setStatus(status, title, detail = "", { outcome = "", reasons = [] } = {}) {
  state.run.status = status;
  byId("status").textContent = title;
  byId("detail").textContent = sentence(detail);
  byId("reasons").replaceChildren(
    ...reasons.map((text) => Object.assign(document.createElement("li"), { textContent: text })),
  );
  show(["reasons"], reasons.length > 0);
  document.querySelector(".result").dataset.outcome = outcome;
  byId("compare").dataset.state = status;
  byId("after-tag").textContent = status === "done" ? "Cleaned" : "So far";
  updateButtons();
}

/** Ends and discards the current run, if any; the picture is as it was given. */
export function endRun() {
  state.run?.worker.terminate();
  state.run = undefined;
  state.picture?.results.clear();
  show(["run-numbers", "numbers", "progress-row", "reasons"], false);
  byId("chart").replaceChildren();
  byId("detail").textContent = "";
  delete byId("compare").dataset.state;
  document.querySelector(".result").dataset.outcome = "";
  if (state.picture) {
    showCleaned(undefined);
    showSide("given");
  }
  updateButtons();
}

function fail(text) {
  endRun();
  byId("status").textContent = "That did not work";
  byId("error").textContent = text;
  updateSettings();
}

/** Cleans the other pages with what was learned from this one. */
async function cleanAllPages() {
  const { run, picture } = state;
  const { frames, results } = picture;
  setStatus("finishing", "Cleaning the other pages", "With what was learned from the first one.");
  byId("progress").value = 0;
  show(["progress-row"], true);
  const started = performance.now();
  const total = frames - results.size;
  const kept = [];
  for (let frame = 0; frame < frames; frame++) {
    if (results.has(frame)) continue;
    const { pixels } = await readFrame(frame);
    const { pixels: cleaned, refused } = await new Promise((resolve) => {
      run.onPage = resolve;
      run.worker.postMessage({ kind: "page", frame, pixels });
    });
    if (state.run !== run) return;
    results.set(frame, cleaned);
    if (refused) kept.push(frame + 1);
    if (picture.frame === frame) showCleaned(cleaned);
    const done = 1 - (frames - results.size) / total;
    byId("progress").value = done;
    byId("left").textContent = timeLeft((((performance.now() - started) / 1000) * (1 - done)) / done);
  }
  show(["progress-row"], false);
  const some = kept.length > 5 ? `${kept.slice(0, 5).join(", ")} ...` : kept.join(", ");
  const detail = kept.length === 0 ? run.found : `Kept as given, since the result cannot be right: page ${some}.`;
  const cleaned = kept.length === 0 ? frames : `${frames - kept.length} of ${frames}`;
  setStatus("done", `Cleaned: ${cleaned} pages`, detail, { outcome: "clean" });
}

async function savePicture() {
  const { picture, run } = state;
  const all = [...picture.results].sort(([a], [b]) => a - b);
  const isWhole = all.length === picture.frames;
  const { bytes, name, type } = await writeFile(
    isWhole ? all : [[run.frame, picture.results.get(run.frame)]],
    picture.smaller,
  );
  download(bytes, name, type);
}

/** Copies a rectangle of pixels into an image. */
function insert(image, part, top, left) {
  const [channels, rows, columns] = part.shape;
  const [, height, width] = image.shape;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < rows; i++) {
      const from = (c * rows + i) * columns;
      image.data.set(part.data.subarray(from, from + columns), (c * height + top + i) * width + left);
    }
  }
}
