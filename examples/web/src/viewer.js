// The picture before and after: two canvases on one sheet that is zoomed and moved, and the border between them.
import { byId } from "./elements.js";

const [area, slider] = [byId("compare"), byId("slider")];
const sheet = area.querySelector(".sheet");
const divider = area.querySelector(".divider");
const largestScale = 32;
/** Pixels of the screen within which the border is grasped. */
const grasp = 22;

/** Size of the picture; scale and position of the sheet; border, as a share of the area's width. */
const view = { width: 1, height: 1, scale: 1, x: 0, y: 0, fitted: true, border: 0.5, shown: "given" };
/** Fingers and buttons that are down, by id. */
const pointers = new Map();
let gesture;

/** Makes pointers, wheel, keys and buttons work. */
export function setUpViewer() {
  new ResizeObserver(() => (view.fitted ? fit() : place())).observe(area);
  area.addEventListener("pointerdown", onDown);
  area.addEventListener("pointermove", onMove);
  for (const kind of ["pointerup", "pointercancel"]) area.addEventListener(kind, onUp);
  area.addEventListener("wheel", onWheel, { passive: false });
  area.addEventListener("dblclick", ({ clientX, clientY }) =>
    view.fitted ? zoomTo(fullScale(), clientX, clientY) : fit(),
  );
  area.addEventListener("keydown", onKey);
  slider.addEventListener("input", () => setBorder(Number(slider.value) / 100));
  byId("zoom-in").addEventListener("click", () => zoomTo(view.scale * 1.5));
  byId("zoom-out").addEventListener("click", () => zoomTo(view.scale / 1.5));
  byId("zoom-fit").addEventListener("click", fit);
  byId("zoom-100").addEventListener("click", () => zoomTo(fullScale()));
  byId("view").addEventListener("change", ({ target }) => {
    view.shown = target.value;
    place();
  });
}

/** Shows a picture of another size, as a whole. */
export function resize(width, height) {
  if (view.width === width && view.height === height) return;
  Object.assign(view, { width, height });
  Object.assign(sheet.style, { width: `${width}px`, height: `${height}px` });
  fit();
}

/** Shows the given picture, the cleaned one, or both with the border between them. */
export function showSide(shown) {
  view.shown = shown;
  byId(`view-${shown}`).checked = true;
  place();
}

/** The scale at which a pixel of the picture is one of the screen. */
const fullScale = () => 1 / (globalThis.devicePixelRatio || 1);

function fit() {
  const { clientWidth, clientHeight } = area;
  const scale = Math.min(clientWidth / view.width, clientHeight / view.height);
  const limited = Math.min(scale, largestScale);
  Object.assign(view, {
    scale: limited,
    x: (clientWidth - limited * view.width) / 2,
    y: (clientHeight - limited * view.height) / 2,
    fitted: true,
  });
  place();
}

/** Zooms so that a point of the screen stays where it is; the middle of the area where none is given. */
function zoomTo(wanted, clientX, clientY) {
  const { left, top, width, height } = area.getBoundingClientRect();
  const [u, v] = [
    clientX === undefined ? width / 2 : clientX - left,
    clientY === undefined ? height / 2 : clientY - top,
  ];
  const smallest = Math.min(fullScale(), width / view.width, height / view.height) / 2;
  const scale = Math.min(largestScale, Math.max(smallest, wanted));
  view.x = u - ((u - view.x) * scale) / view.scale;
  view.y = v - ((v - view.y) * scale) / view.scale;
  Object.assign(view, { scale, fitted: false });
  place();
}

/** Moves a side of the sheet so that it stays in sight: centred where it is smaller than the area. */
function kept(position, length, room) {
  return length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, position));
}

function place() {
  const { clientWidth, clientHeight } = area;
  view.x = kept(view.x, view.scale * view.width, clientWidth);
  view.y = kept(view.y, view.scale * view.height, clientHeight);
  sheet.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
  sheet.classList.toggle("sharp", view.scale > 1.5 * fullScale());
  area.classList.toggle(
    "zoomed",
    view.scale * view.width > clientWidth + 1 || view.scale * view.height > clientHeight + 1,
  );
  const share = { given: 1, cleaned: 0, split: view.border }[view.shown];
  const at = Math.min(view.width, Math.max(0, (share * clientWidth - view.x) / view.scale));
  byId("after").style.clipPath = `inset(0 0 0 ${view.shown === "cleaned" ? 0 : at}px)`;
  byId("after").hidden = view.shown === "given";
  divider.style.left = `${100 * view.border}%`;
  area.dataset.shown = view.shown;
  area.toggleAttribute("data-split", view.shown === "split");
  slider.disabled = view.shown !== "split";
  slider.setAttribute("aria-valuetext", `${Math.round(100 * view.border)} percent given`);
  byId("zoom-text").textContent = `${Math.round((100 * view.scale) / fullScale())} %`;
}

function setBorder(share) {
  view.border = Math.min(1, Math.max(0, share));
  slider.value = String(Math.round(100 * view.border));
  place();
}

function onDown(event) {
  if (event.button > 0) return;
  area.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, event);
  const { left, width } = area.getBoundingClientRect();
  const isNear = Math.abs(event.clientX - left - view.border * width) < grasp;
  const movesBorder = view.shown === "split" && (isNear || !area.classList.contains("zoomed"));
  gesture = pointers.size === 2 ? "pinch" : movesBorder ? "border" : "pan";
  area.classList.toggle("dragging", gesture === "pan");
  if (gesture === "border") onMove(event);
}

function onMove(event) {
  const last = pointers.get(event.pointerId);
  if (!last) return;
  pointers.set(event.pointerId, event);
  const { left, width } = area.getBoundingClientRect();
  if (gesture === "border") return setBorder((event.clientX - left) / width);
  if (gesture === "pinch") return pinch(last, event);
  Object.assign(view, { x: view.x + event.clientX - last.clientX, y: view.y + event.clientY - last.clientY });
  place();
}

function pinch(last, event) {
  const other = [...pointers.values()].find(({ pointerId }) => pointerId !== event.pointerId);
  if (!other) return;
  const distance = (a) => Math.hypot(a.clientX - other.clientX, a.clientY - other.clientY);
  const [u, v] = [(event.clientX + other.clientX) / 2, (event.clientY + other.clientY) / 2];
  view.x += (event.clientX - last.clientX) / 2;
  view.y += (event.clientY - last.clientY) / 2;
  zoomTo((view.scale * distance(event)) / Math.max(1, distance(last)), u, v);
}

function onUp({ pointerId }) {
  pointers.delete(pointerId);
  gesture = pointers.size > 0 ? "pan" : undefined;
  area.classList.remove("dragging");
}

function onWheel(event) {
  event.preventDefault();
  zoomTo(
    view.scale * Math.exp(-Math.sign(event.deltaY) * Math.min(0.25, Math.abs(event.deltaY) / 400)),
    event.clientX,
    event.clientY,
  );
}

function onKey(event) {
  if (event.target !== area) return;
  const move = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
  const act = {
    "+": () => zoomTo(view.scale * 1.5),
    "=": () => zoomTo(view.scale * 1.5),
    "-": () => zoomTo(view.scale / 1.5),
    0: fit,
    1: () => zoomTo(fullScale()),
  }[event.key];
  if (!move && !act) return;
  event.preventDefault();
  if (!move) return act();
  Object.assign(view, { x: view.x + move[0], y: view.y + move[1], fitted: false });
  place();
}
