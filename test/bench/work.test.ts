import { afterEach, describe, expect, it, vi } from "vitest";
import { Conv2d, ConvTranspose2d, DnCNN, DRUNet, type Layer, PatchGANDiscriminator, UNet } from "../../ts/nn/index.js";
import { init } from "../../ts/runtime/index.js";
import { noGrad, type Tensor, zeros } from "../../ts/tensor/index.js";

interface Work {
  flops: number;
  bytes: number;
}
type Layers = { forward: Work }[];
type Shape = readonly number[];
type Options = { stride?: number; padding?: number; dilation?: number };
const load = async (file: string): Promise<unknown> =>
  await import(new URL(`../../bench/${file}`, import.meta.url).href);
const { convolution, convolved, evaluated, matmul, squaredLinear, trained, transposedConvolution, work } = (await load(
  "work.mjs",
)) as {
  convolution(shape: Shape, filters: Shape, options?: Options): Work;
  convolved(shape: Shape, filters: Shape, options?: Options): number[];
  evaluated(layers: Layers): Work;
  matmul(rows: number, inner: number, columns: number, count?: number): Work;
  squaredLinear(from: number, to: number, flops: number): Work;
  trained(layers: Layers, ofImages?: boolean): Work;
  transposedConvolution(shape: Shape, filters: Shape, options?: Options): Work;
  work(entries: number, flops?: number): Work;
};
const { dncnnLayers, drunetLayers, patchGanLayers, unetLayers } = (await load("networks.mjs")) as {
  dncnnLayers(depth: number, features: number, shape: Shape): Layers;
  drunetLayers(nc: Shape, nb: number, shape: Shape): Layers;
  patchGanLayers(features: number, count: number, shape: Shape): Layers;
  unetLayers(shape: Shape): Layers;
};

describe("work", () => {
  it("of a convolution is a multiply-add for each tap of each result, and its three arrays once", () => {
    // 3 filters of 2 x 3 x 3 on 2 x 5 x 5: 27 results of 18 taps each.
    expect(convolution([1, 2, 5, 5], [3, 2, 3, 3])).toEqual({ flops: 2 * 27 * 18, bytes: 4 * (50 + 54 + 27) });
    expect(convolved([4, 8, 9, 10], [6, 8, 4, 3], { stride: 2, padding: 1 })).toEqual([4, 6, 4, 5]);
    expect(convolved([1, 8, 9, 9], [8, 1, 3, 3], { dilation: 2 })).toEqual([1, 8, 5, 5]);
  });

  it("of a transposed convolution is a multiply-add for each tap of each pixel of its images", () => {
    // 2 x 3 x 3 pixels, each spread over 4 channels of 2 x 2.
    const wide = 4 * 6 * 6;
    expect(transposedConvolution([1, 2, 3, 3], [2, 4, 2, 2], { stride: 2 })).toEqual({
      flops: 2 * 18 * 16,
      bytes: 4 * (wide + 32 + 18),
    });
  });

  it("of products of matrices and of a linear operator with its adjoint", () => {
    expect(matmul(2, 3, 4, 5)).toEqual({ flops: 5 * 48, bytes: 4 * 5 * (6 + 12 + 8) });
    expect(squaredLinear(10, 6, 100)).toEqual({ flops: 200 + 18, bytes: 4 * (2 * 16 + 18) });
  });

  it("of a training leaves out the gradient in the images of the first layer, unless these depend on weights", () => {
    const layers = [{ forward: work(1, 10) }, { forward: work(2, 100) }];
    expect(trained(layers)).toEqual({ flops: 320, bytes: 4 * 8 });
    expect(trained(layers, true)).toEqual({ flops: 330, bytes: 4 * 9 });
    expect(evaluated(layers)).toEqual({ flops: 110, bytes: 4 * 3 });
  });
});

describe("the convolutions of a network are those that it calls", () => {
  afterEach(() => vi.restoreAllMocks());

  /** The work of all convolutions that run in a forward pass, by the shapes that they are given. */
  async function called(make: () => Layer, shape: Shape, forward = (net: Layer, x: Tensor) => net.forward(x)) {
    await init();
    const seen: Work[] = [];
    const { rectified } = Conv2d.prototype;
    const transposed = ConvTranspose2d.prototype.forward;
    vi.spyOn(Conv2d.prototype, "rectified").mockImplementation(function (this: Conv2d, x, slope) {
      const [stride, padding] = [this.options.stride, this.options.padding].map((value) => [value].flat()[0] as number);
      seen.push(convolution(x.shape, this.weight.shape, { stride: stride as number, padding: padding as number }));
      return rectified.call(this, x, slope);
    });
    vi.spyOn(ConvTranspose2d.prototype, "forward").mockImplementation(function (this: ConvTranspose2d, x) {
      seen.push(transposedConvolution(x.shape, this.weight.shape, { stride: 2 }));
      return transposed.call(this, x);
    });
    noGrad(() => forward(make(), zeros([...shape])));
    return seen;
  }
  const listed = (layers: Layers) => layers.map(({ forward }) => forward);

  it("DnCNN", async () => {
    const seen = await called(() => new DnCNN({ inChannels: 2, outChannels: 2, depth: 4, nf: 6 }), [3, 2, 16, 16]);
    expect(listed(dncnnLayers(4, 6, [3, 2, 16, 16]))).toEqual(seen);
  });

  it("U-Net", async () => {
    const options = { inChannels: 1, outChannels: 1, scales: 3 } as const;
    const seen = await called(() => new UNet(options) as unknown as Layer, [2, 1, 16, 16]);
    expect(evaluated(unetLayers([2, 1, 16, 16]))).toEqual(evaluated(seen.map((forward) => ({ forward }))));
  });

  it("DRUNet", async () => {
    const nc = [2, 3, 4, 5] as const;
    const make = () => new DRUNet({ inChannels: 1, outChannels: 1, nc, nb: 2 }) as unknown as Layer;
    const forward = (net: Layer, x: Tensor) => (net as unknown as DRUNet).forward(x, 0.1);
    const seen = await called(make, [2, 1, 32, 32], forward);
    expect(listed(drunetLayers(nc, 2, [2, 1, 32, 32]))).toEqual(seen);
  });

  it("PatchGAN", async () => {
    const seen = await called(() => new PatchGANDiscriminator({ inputNc: 1, ndf: 4, nLayers: 2 }), [2, 1, 32, 32]);
    expect(listed(patchGanLayers(4, 2, [2, 1, 32, 32]))).toEqual(seen);
  });
});
