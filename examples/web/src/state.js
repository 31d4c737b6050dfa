// What the parts of the page share.
import { byId, show } from "./elements.js";
import { UserError } from "./errors.js";

export const state = {
  /**
   * The open picture: `{ name, sample, pixels, opacity, sampleType, scale, names, frames, frame, output, smaller,
   * results }`; `sample` is undefined for the visitor's own, `names` are those of channels that are no colours,
   * `results` the cleaned frames by number.
   */
  picture: undefined,
  /** The current run: `{ worker, status: "starting" | "running" | "paused" | "finishing" | "done", choice, ... }`. */
  run: undefined,
};

/** Shows the buttons that make sense now. */
export function updateButtons() {
  const { run, picture } = state;
  const status = run?.status;
  const isActive = status !== undefined && status !== "done";
  const isPausable = status === "running" || status === "paused";
  const isCleaned = status === "done" && run.outcome === "clean";
  show(["pause"], isPausable && run.isStepwise === true);
  show(["stop"], isActive && status !== "starting");
  show(["save-picture"], isCleaned);
  show(["all-pages"], isCleaned && run.more === true && picture.frames > picture.results.size && !picture.smaller);
  show(["start"], picture !== undefined && !isActive && byId("large").hidden);
  byId("start").classList.toggle("main", status !== "done" || run.isOutdated === true);
  byId("start").textContent = status === "done" ? "Clean again with these settings" : "Start";
  byId("pause").textContent = status === "paused" ? "Go on" : "Pause";
  byId("stop").disabled = status === "finishing" && run.isStepwise === true;
  const canCompare = isCleaned || run?.hasPreview === true;
  for (const id of ["view-split", "view-cleaned"]) byId(id).disabled = !canCompare;
  byId("save-weights").disabled = !(status === "done" && run.weights);
  byId("save-settings").disabled = run?.settings === undefined;
}

/** Runs an action of the visitor and shows its error, if any. */
export async function guarded(action) {
  byId("error").textContent = "";
  try {
    await action();
  } catch (error) {
    byId("error").textContent = error instanceof UserError ? error.message : `Something went wrong: ${error.message}`;
  }
  updateButtons();
}
