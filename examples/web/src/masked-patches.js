import { data, tensor } from "adjoint";

/** Random patches of an image with missing pixels: samples `{ y, params: { mask } }`. */
export class MaskedPatches {
  constructor(pixels, mask, side, length) {
    Object.assign(this, { pixels, mask, side, length });
  }

  async get(_index, { rng }) {
    const [, height, width] = this.pixels.shape;
    const uniform = rng.uniform([2]);
    const [u, v] = await uniform.data();
    uniform.dispose();
    const cut = (image) =>
      data.cutPixels(
        image,
        Math.floor(u * (height - this.side + 1)),
        Math.floor(v * (width - this.side + 1)),
        this.side,
        this.side,
      );
    const [y, mask] = [cut(this.pixels), cut(this.mask)];
    return { y: tensor(y.data, { shape: y.shape }), params: { mask: tensor(mask.data, { shape: mask.shape }) } };
  }
}
