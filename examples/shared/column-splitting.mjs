import { physics, tensor } from "adjoint";

/**
 * Splitting masks that leave out whole columns of k-space: of the n measured columns outside the `centre` middle ones,
 * `ceil((1 - splitRatio) n)`, uniformly drawn.
 */
export class ColumnSplittingMaskGenerator extends physics.PhysicsGenerator {
  constructor({ splitRatio, centre }) {
    super("ColumnSplittingMaskGenerator", {}, []);
    this.splitRatio = splitRatio;
    this.centre = centre;
  }

  draw(_count, rng, { inputMask }) {
    const [count, , , width] = inputMask.shape;
    const measured = inputMask.dataSync();
    const kept = new Float32Array(count * width).fill(1);
    for (let image = 0; image < count; image++) {
      const row = (image * measured.length) / count;
      const outer = Array.from({ length: width }, (_, column) => column).filter(
        (column) => measured[row + column] !== 0 && Math.abs(column + 0.5 - width / 2) > this.centre / 2,
      );
      const order = rng.permutation(outer.length).dataSync();
      for (let i = 0; i < Math.ceil((1 - this.splitRatio) * outer.length); i++)
        kept[image * width + outer[order[i]]] = 0;
    }
    return { mask: tensor(kept, { shape: [count, 1, 1, width] }).expand([...inputMask.shape]) };
  }
}
