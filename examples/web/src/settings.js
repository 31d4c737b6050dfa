// The settings: the form and what it explains.
import { blurs } from "./blur.js";
import { byId, form, show } from "./elements.js";
import { UserError } from "./errors.js";
import { fittingLosses } from "./losses.js";
import { kindOf, levelAt, noises, placeOf } from "./noises.js";
import { state, updateButtons } from "./state.js";

/** Fills the form and keeps it consistent. */
export function setUpSettings() {
  form.noise.append(new Option("Found in the picture", "auto"));
  for (const [select, options] of [
    [form.noise, noises],
    [form.blur, blurs],
  ]) {
    for (const [name, { label }] of Object.entries(options)) select.append(new Option(label, name));
  }
  byId("settings").addEventListener("change", ({ target }) => {
    if (target.name === "task") form.loss.replaceChildren();
    if (target.name === "task" || target.id === "noise") resetLevel();
    if (target.id === "blur") resetBlur();
    if (target.id === "level") form.strength.value = String(placeOf(currentNoise(), Number(form.level.value)));
    updateSettings();
  });
  form.strength.addEventListener("input", () => {
    form.level.value = String(levelAt(currentNoise(), Number(form.strength.value)));
    updateSettings();
  });
  resetLevel();
  resetBlur();
  updateSettings();
}

/** The settings for a picture that was just opened: its noise is found, large pictures are cleaned fast. */
export function resetSettings(pixels) {
  form.estimate.checked = true;
  form.noise.value = "auto";
  if (pixels > 2_000_000) form.quality.value = "fast";
  form.loss.replaceChildren();
  resetLevel();
  updateSettings();
}

const currentNoise = () => noises[kindOf(form.noise.value)];

function resetLevel() {
  const { initial, initialOther, min, max } = currentNoise();
  const value = form.task.value === "denoise" ? initial : initialOther;
  Object.assign(form.level, { min, max, step: "any", value });
  form.strength.value = String(placeOf({ min, max }, value));
}

function resetBlur() {
  const { initial, min, max } = blurs[form.blur.value];
  Object.assign(form.size, { min, max, step: "any", value: initial });
}

/**
 * The settings that the visitor chose.
 *
 * @throws UserError where a number is out of range.
 */
export function readSettings() {
  const noise = currentNoise();
  const level = Number(form.level.value);
  const isSample = state.picture?.sample !== undefined;
  if (isSample || !form.estimate.checked)
    checkRange(`The level is ${form.level.value || "empty"}; for this noise it lies`, level, noise, noise.level);
  const [size, angle] = [Number(form.size.value), Number(form.angle.value)];
  if (form.task.value === "deblur") checkBlur(blurs[form.blur.value], size, angle);
  return {
    task: form.task.value,
    blur: form.blur.value,
    size,
    angle,
    // Missing pixels come with Gaussian noise here, whatever is chosen for the other tasks.
    noise: form.task.value === "inpaint" ? "gaussian" : form.noise.value,
    level: level || noise.initial,
    estimated: form.estimate.checked,
    loss: form.loss.value,
    quality: form.quality.value,
  };
}

function checkBlur(blur, size, angle) {
  checkRange(`The size of the blur is ${form.size.value || "empty"}; for this blur it lies`, size, blur, blur.size);
  if (!blur.isotropic && (form.angle.value === "" || !(Math.abs(angle) <= 180)))
    throw new UserError(
      `The direction of the blur is ${form.angle.value || "empty"}; it lies between -180 and 180 degrees.`,
    );
}

function checkRange(beginning, value, { min, max }, meaning) {
  if (!(value >= min && value <= max)) throw new UserError(`${beginning} between ${min} and ${max}. ${meaning}`);
}

/** Updates the explanations, the fields that apply and the losses that fit. */
export function updateSettings() {
  const isSample = state.picture?.sample !== undefined;
  const deblur = form.task.value === "deblur";
  const blur = blurs[form.blur.value];
  const noise = currentNoise();
  byId("task-help").textContent = taskHelp(isSample);
  show(["blur-field", "size-field"], deblur);
  show(["angle-field"], deblur && form.blur.value === "motion");
  byId("blur-help").textContent = `${blur.description}${isSample ? " The sample is blurred with it." : ""}`;
  byId("size-help").textContent = blur.size;
  show(["strength-field"], isSample);
  byId("strength-text").textContent = noise.text(Number(form.level.value) || noise.initial);
  const found = "Which kind it is, is found in the picture.";
  byId("noise-help").textContent =
    form.noise.value === "auto"
      ? isSample
        ? "Gaussian noise is added to the sample."
        : found
      : `${noise.description}${isSample ? " It is added to the sample." : ""}`;
  byId("level-help").textContent = noise.level;
  form.noise.disabled = form.task.value === "inpaint";
  form.level.disabled = !isSample && form.estimate.checked;
  updateLosses(blur, noise);
  if (state.run) state.run.isOutdated = isOutdated();
  updateButtons();
}

/** Whether a run with the settings of the form would be another one than the last. */
function isOutdated() {
  try {
    return JSON.stringify(readSettings()) !== JSON.stringify(state.run.choice);
  } catch {
    return true;
  }
}

function taskHelp(isSample) {
  if (form.task.value === "inpaint")
    return isSample ? "Half of the sample's pixels are removed." : "Black or transparent pixels count as missing.";
  if (form.task.value !== "deblur" || isSample) return "";
  return (
    "The blur has to be told: try kinds and sizes, and keep what looks best. " +
    "Too small a size helps a little, too large a one makes rings."
  );
}

function updateLosses(blur, noise) {
  const losses = fittingLosses({
    task: form.task.value,
    blur: form.blur.value,
    size: blur.initial,
    angle: 0,
    noise: form.noise.value,
    level: noise.initial,
  });
  const previous = form.loss.value;
  form.loss.replaceChildren(...losses.map(({ name, label }) => new Option(label, name)));
  if (losses.some(({ name }) => name === previous)) form.loss.value = previous;
  byId("loss-why").textContent = losses.find(({ name }) => name === form.loss.value)?.reason ?? "";
}
