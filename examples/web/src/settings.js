// 2. The settings: the form and what it explains.
import { blurs } from "./blur.js";
import { byId, form, show } from "./elements.js";
import { UserError } from "./image.js";
import { efforts } from "./plan.js";
import { fittingLosses } from "./losses.js";
import { noises } from "./noises.js";
import { state, updateButtons } from "./state.js";

/** Fills the form and keeps it consistent. */
export function setUpSettings() {
  for (const [select, options] of [
    [form.noise, noises],
    [form.effort, efforts],
    [form.blur, blurs],
  ]) {
    for (const [name, { label }] of Object.entries(options)) select.append(new Option(label, name));
  }
  for (const control of [form.noise, form.task]) control.addEventListener("change", resetLevel);
  // Each task has its own default loss.
  form.task.addEventListener("change", () => form.loss.replaceChildren());
  form.blur.addEventListener("change", resetBlur);
  for (const control of Object.values(form)) control.addEventListener("change", updateSettings);
  resetLevel();
  resetBlur();
  updateSettings();
}

function resetLevel() {
  const { initial, initialWithBlur, min, max } = noises[form.noise.value];
  const value = form.task.value === "deblur" ? initialWithBlur : initial;
  Object.assign(form.level, { min, max, step: "any", value });
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
  const noise = noises[form.noise.value];
  const level = Number(form.level.value);
  const estimated = form.estimate.checked;
  if (!(estimated && state.image?.sample === undefined)) {
    checkRange(`The level is ${form.level.value || "empty"}; for this noise it lies`, level, noise, noise.level);
  }
  const [size, angle] = [Number(form.size.value), Number(form.angle.value)];
  if (form.task.value === "deblur") checkBlur(blurs[form.blur.value], size, angle);
  return {
    task: form.task.value,
    blur: form.blur.value,
    size,
    angle,
    noise: form.noise.value,
    level: level || noise.initial,
    estimated,
    loss: form.loss.value,
    effort: form.effort.value,
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
  const isSample = state.image?.sample !== undefined;
  const inpaint = form.task.value === "inpaint";
  const deblur = form.task.value === "deblur";
  const blur = blurs[form.blur.value];
  const noise = noises[form.noise.value];
  byId("task-help").textContent = taskHelp(isSample);
  show(["blur-field", "size-field"], deblur);
  show(["angle-field"], deblur && form.blur.value === "motion");
  byId("blur-help").textContent = `${blur.description}${isSample ? " The sample is blurred with it." : ""}`;
  byId("size-help").textContent = blur.size;
  byId("noise-help").textContent = `${noise.description}${isSample ? " It is added to the sample." : ""}`;
  byId("level-help").textContent = noise.level;
  form.level.disabled = !isSample && (form.estimate.checked || inpaint);
  form.estimate.disabled = inpaint;
  if (inpaint) form.estimate.checked = false;
  updateLosses(blur, noise);
  updateButtons();
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
    estimated: form.estimate.checked,
  });
  const previous = form.loss.value;
  form.loss.replaceChildren(...losses.map(({ name, label }) => new Option(label, name)));
  if (losses.some(({ name }) => name === previous)) form.loss.value = previous;
  byId("loss-why").textContent = losses.find(({ name }) => name === form.loss.value)?.reason ?? "";
}
