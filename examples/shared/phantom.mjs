import { tensor } from "adjoint";

/**
 * A random head phantom, `[1, 1, size, size]`, of ellipses: a skull, tissue and some spots. Values are from 0 to 1, and
 * 0 outside the inscribed circle; edges are one pixel wide.
 */
export function phantom(rng, size) {
  const uniform = () => rng.uniform([], { device: "cpu" }).itemSync();
  const between = (low, high) => low + (high - low) * uniform();
  const skull = {
    x: between(-0.05, 0.05),
    y: between(-0.05, 0.05),
    a: between(0.65, 0.8),
    b: between(0.75, 0.92),
    angle: between(-0.3, 0.3),
    add: between(0.6, 0.9),
  };
  const tissue = { ...skull, a: skull.a - 0.07, b: skull.b - 0.07, add: -between(0.3, 0.5) };
  const spots = Array.from({ length: 9 }, () => ({
    x: between(-0.4, 0.4),
    y: between(-0.5, 0.5),
    a: between(0.04, 0.3),
    b: between(0.04, 0.3),
    angle: between(0, 3.2),
    add: between(-0.25, 0.35),
  }));
  const values = new Float32Array(size * size);
  for (let i = 0; i < values.length; i++) {
    const [px, py] = [(2 * (i % size) + 1) / size - 1, (2 * Math.floor(i / size) + 1) / size - 1];
    let value = 0;
    for (const { x, y, a, b, angle, add } of [skull, tissue, ...spots]) {
      const [dx, dy] = [px - x, py - y];
      const along = dx * Math.cos(angle) + dy * Math.sin(angle);
      const across = dy * Math.cos(angle) - dx * Math.sin(angle);
      const inside = (1 - Math.hypot(along / a, across / b)) * Math.min(a, b) * (size / 2) + 0.5;
      value += add * Math.min(1, Math.max(0, inside));
    }
    values[i] = Math.min(1, Math.max(0, value));
  }
  return tensor(values, { shape: [1, 1, size, size] });
}
