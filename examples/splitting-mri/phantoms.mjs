import { tensor } from "adjoint";

/**
 * A random head: a skull, tissue and some spots, as a complex image [1, 2, size, size] with a smooth phase and a magnitude of at most 1.
 * `u` gives uniform random numbers.
 */
export function phantom(u, size) {
  const between = (low, high) => low + (high - low) * u();
  const ellipses = [
    { x: between(-0.05, 0.05), y: between(-0.05, 0.05), a: between(0.65, 0.8), b: between(0.75, 0.92), turn: between(-0.3, 0.3), add: between(0.6, 0.9) },
  ];
  const skull = ellipses[0];
  ellipses.push({ ...skull, a: skull.a - 0.07, b: skull.b - 0.07, add: -between(0.3, 0.5) });
  for (let i = 0; i < 9; i++) {
    ellipses.push({ x: between(-0.4, 0.4), y: between(-0.5, 0.5), a: between(0.04, 0.3), b: between(0.04, 0.3), turn: between(0, 3.2), add: between(-0.25, 0.35) });
  }
  const [tiltX, tiltY, bend] = [between(-0.5, 0.5), between(-0.5, 0.5), between(-0.4, 0.4)];
  const values = new Float32Array(2 * size * size);
  for (let i = 0; i < size * size; i++) {
    const [px, py] = [(2 * (i % size) + 1) / size - 1, (2 * Math.floor(i / size) + 1) / size - 1];
    let magnitude = 0;
    for (const { x, y, a, b, turn, add } of ellipses) {
      const [dx, dy] = [px - x, py - y];
      const along = dx * Math.cos(turn) + dy * Math.sin(turn);
      const across = dy * Math.cos(turn) - dx * Math.sin(turn);
      // Edges one pixel wide.
      const inside = (1 - Math.hypot(along / a, across / b)) * Math.min(a, b) * (size / 2) + 0.5;
      magnitude += add * Math.min(1, Math.max(0, inside));
    }
    magnitude = Math.min(1, Math.max(0, magnitude));
    const phase = tiltX * px + tiltY * py + bend * (px * px + py * py);
    values[i] = magnitude * Math.cos(phase);
    values[size * size + i] = magnitude * Math.sin(phase);
  }
  return tensor(values, { shape: [1, 2, size, size] });
}
