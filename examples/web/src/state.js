// What the parts of the page share.
import { byId } from "./elements.js";
import { UserError } from "./image.js";

export const state = {
  /** The chosen image: `{ pixels, name, sample }`; `sample` is undefined for the visitor's own. */
  image: undefined,
  /** The current run: `{ worker, status: "starting" | "running" | "paused" | "finishing" | "done", curve, ... }`. */
  run: undefined,
};

/** Enables the buttons that make sense now. */
export function updateButtons() {
  const status = state.run?.status;
  const active = status !== undefined && status !== "done";
  const pausable = status === "running" || status === "paused";
  byId("start").disabled = !state.image || !byId("large").hidden || active;
  byId("start").textContent = status === "done" ? "Start again" : "Start";
  byId("pause").disabled = !pausable;
  byId("pause").textContent = status === "paused" ? "Resume" : "Pause";
  byId("stop").disabled = !pausable;
  for (const id of ["save-picture", "save-weights"]) byId(id).disabled = status !== "done";
  byId("save-settings").disabled = state.run?.settings === undefined;
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
