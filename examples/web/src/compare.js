/** The slider between before and after, moved with the range input (keyboard) or by dragging on the image. */
export function compare(area, range) {
  const show = () => {
    area.style.setProperty("--at", `${range.value}%`);
    range.setAttribute("aria-valuetext", `${range.value} percent cleaned`);
  };
  const follow = ({ clientX }) => {
    const { left, width } = area.getBoundingClientRect();
    range.value = String(Math.round((100 * (clientX - left)) / width));
    show();
  };
  range.addEventListener("input", show);
  area.addEventListener("pointerdown", (event) => {
    area.setPointerCapture(event.pointerId);
    follow(event);
  });
  area.addEventListener("pointermove", (event) => area.hasPointerCapture(event.pointerId) && follow(event));
  return { show };
}
