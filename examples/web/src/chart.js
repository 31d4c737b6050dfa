import { train } from "adjoint";

/** Milliseconds between two drawings of the curve. */
const INTERVAL = 500;

/** Draws the loss curve of a run, a running mean over nine points, at most twice a second unless `force` is set. */
export function drawLoss(element, run, force = false) {
  const now = performance.now();
  if (!force && now - (run.drawnAt ?? 0) < INTERVAL) return;
  run.drawnAt = now;
  const { curve } = run;
  const points = curve.map(({ x }, i) => {
    const near = curve.slice(Math.max(0, i - 4), i + 5);
    return { x, y: near.reduce((sum, { y }) => sum + y, 0) / near.length };
  });
  const label = run.lossNames.join(" and ");
  element.innerHTML = train.lineChart({ title: "Loss", xLabel: "step", yLabel: "loss", series: [{ label, points }] });
  const last = curve.at(-1);
  element.setAttribute(
    "aria-label",
    `Loss by step: ${curve[0].y.toPrecision(3)} at the start, ${last.y.toPrecision(3)} at step ${last.x}`,
  );
}
