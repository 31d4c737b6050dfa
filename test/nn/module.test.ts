import { beforeAll, describe, expect, it } from "vitest";
import { ArgumentError, init, ShapeError } from "../../ts/runtime/index.js";
import { memory, ones, tensor, tidy, zeros } from "../../ts/tensor/index.js";
import type { Tensor } from "../../ts/tensor/index.js";
import { Rng } from "../../ts/random/index.js";
import {
  BatchNorm2d,
  BFBatchNorm2d,
  Conv2d,
  DnCNN,
  Linear,
  Module,
  ReLU,
  Sequential,
  UNet,
} from "../../ts/nn/index.js";

beforeAll(async () => {
  await init();
});

const caught = (f: () => unknown): Error & { code?: string } => {
  try {
    f();
  } catch (error) {
    return error as Error & { code?: string };
  }
  throw new Error("nothing was thrown");
};

class Net extends Module {
  inConv = new Conv2d({ inChannels: 1, outChannels: 2, kernelSize: 3, padding: 1 });
  blocks = [new BatchNorm2d({ numFeatures: 2 }), new ReLU()];
  scale: Tensor = ones([1]).requiresGrad_();
  note = "no state";
  forward(x: Tensor): Tensor {
    return this.blocks.reduce((v, b) => b.forward(v), this.inConv.forward(x)).mul(this.scale);
  }
}

describe("Module", () => {
  it("finds parameters and buffers by walking its fields, with PyTorch's names", () => {
    const net = new Net();
    expect(net.namedParameters().map(([name]) => name)).toEqual([
      "scale",
      "in_conv.weight",
      "in_conv.bias",
      "blocks.0.weight",
      "blocks.0.bias",
    ]);
    expect(net.namedBuffers().map(([name]) => name)).toEqual(["blocks.0.running_mean", "blocks.0.running_var"]);
    expect(Object.keys(net.stateDict())).toHaveLength(7);
  });

  it("counts a shared tensor once and survives a module that contains itself", () => {
    const shared = new Linear({ inFeatures: 2, outFeatures: 2 });
    class Loop extends Module {
      a = shared;
      b = shared;
      self: Module = this;
    }
    const loop = new Loop();
    expect(loop.parameters()).toHaveLength(2);
    expect(Object.keys(loop.stateDict())).toEqual(["a.weight", "a.bias", "b.weight", "b.bias"]);
    expect(loop.eval().a.training).toBe(false);
  });

  it("keeps frozen parameters in the state", () => {
    const layer = new Linear({ inFeatures: 2, outFeatures: 2 });
    layer.requiresGrad_(false);
    expect(Object.keys(layer.stateDict())).toEqual(["weight", "bias"]);
    expect(layer.weight.requiresGrad).toBe(false);
  });

  it("train and eval reach every part", () => {
    const net = new Net();
    net.eval();
    expect(net.modules().every((m) => !m.training)).toBe(true);
    net.train();
    expect(net.modules().every((m) => m.training)).toBe(true);
  });

  it("moves the state through a dictionary, and a snapshot does not follow training", () => {
    const a = new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4, rng: new Rng(1) });
    const b = new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4, rng: new Rng(2) });
    const x = new Rng(3).normal([1, 1, 6, 6]);
    expect(b.forward(x).dataSync()).not.toEqual(a.forward(x).dataSync());
    const state = a.stateDict();
    expect(b.loadStateDict(state)).toEqual({ missing: [], unexpected: [] });
    expect(b.forward(x).dataSync()).toEqual(a.forward(x).dataSync());
    expect(b.parameters().every((p) => p.requiresGrad)).toBe(true);
    const before = [...state["in_conv.weight"]!.dataSync()];
    a.inConv.weight.assign_(zeros([...a.inConv.weight.shape]));
    expect([...state["in_conv.weight"]!.dataSync()]).toEqual(before);
    expect([...b.inConv.weight.dataSync()]).toEqual(before);
  });

  it("names what is missing, unexpected or of another shape, and changes nothing then", () => {
    const net = new DnCNN({ inChannels: 1, outChannels: 1, depth: 2, nf: 2, rng: new Rng(0) });
    const before = [...net.inConv.weight.dataSync()];
    const { "in_conv.bias": _, ...less } = net.stateDict();
    const missing = caught(() => net.loadStateDict({ ...less, "in_conv.weight": ones([2, 1, 3, 3]) }));
    expect(missing).toBeInstanceOf(ArgumentError);
    expect([missing.code, missing.message]).toEqual(["missing_key", "DnCNN.loadStateDict: missing keys: in_conv.bias"]);
    const unexpected = caught(() => net.loadStateDict({ ...net.stateDict(), extra: ones([1]) }));
    expect(unexpected.code).toBe("unexpected_key");
    expect(unexpected.message).toContain("extra");
    const shape = caught(() =>
      net.loadStateDict({
        ...net.stateDict(),
        "in_conv.weight": ones([2, 1, 3, 3]),
        "out_conv.weight": ones([1, 2, 5, 5]),
      }),
    );
    expect(shape).toBeInstanceOf(ShapeError);
    expect(shape.message).toBe(
      'DnCNN.loadStateDict: "out_conv.weight" has shape [1,2,5,5], the module expects [1,2,3,3]',
    );
    expect(caught(() => net.loadStateDict({ ...net.stateDict(), "in_conv.bias": 3 as unknown as Tensor })).code).toBe(
      "invalid_argument",
    );
    expect([...net.inConv.weight.dataSync()]).toEqual(before);
    expect(net.loadStateDict({ ...less, extra: ones([1]) }, { strict: false })).toEqual({
      missing: ["in_conv.bias"],
      unexpected: ["extra"],
    });
  });

  it("passes over PyTorch's batch counter", () => {
    const bn = new BatchNorm2d({ numFeatures: 2 });
    expect(bn.loadStateDict({ ...bn.stateDict(), num_batches_tracked: tensor(3) })).toEqual({
      missing: [],
      unexpected: [],
    });
  });

  it("converts to float64 and back", () => {
    const net = new Net().to("float64");
    expect(net.inConv.weight.dtype).toBe("float64");
    expect(net.inConv.weight.requiresGrad).toBe(true);
    expect(net.buffers().every((b) => b.dtype === "float64" && !b.requiresGrad)).toBe(true);
    expect(net.forward(zeros([1, 1, 4, 4], { dtype: "float64" })).dtype).toBe("float64");
  });

  it("survives a tidy around its creation, and its dispose frees everything", () => {
    const before = memory().tensors;
    const net = tidy(() => {
      const made = new UNet({ scales: 2, channelsPerScale: [2, 3], batchNorm: "biasfree", rng: new Rng(0) });
      made.forward(ones([1, 1, 4, 4]));
      return made;
    });
    expect(net.parameters().every((p) => p.dataSync().length > 0)).toBe(true);
    expect(memory().tensors - before).toBe(net.parameters().length + net.buffers().length);
    net.dispose();
    expect(memory().tensors).toBe(before);
  });
});

describe("bad options", () => {
  it("are named", () => {
    const typo = caught(() => new DnCNN({ inChanels: 1 } as never));
    expect(typo.code).toBe("unknown_option");
    expect(typo.message).toContain("inChannels");
    expect(caught(() => new DnCNN({ depth: 1 })).message).toContain("depth is 1");
    expect(caught(() => new Conv2d({ inChannels: 3, outChannels: 4, kernelSize: 3, groups: 2 })).message).toContain(
      "groups",
    );
    expect(caught(() => new Conv2d({ inChannels: 3, outChannels: 4, kernelSize: 0 })).code).toBe("invalid_argument");
    expect(caught(() => new UNet({ scales: 3, channelsPerScale: [2, 3] })).message).toContain(
      "channelsPerScale has 2 entries",
    );
    expect(caught(() => new UNet({ batchNorm: "bias-free" as never })).message).toContain("biasfree");
    expect(
      caught(() => new UNet({ scales: 2, channelsPerScale: [2, 3] }).forward(ones([1, 2, 4, 4]))).message,
    ).toContain("[batch, 1, height, width]");
    expect(caught(() => new BatchNorm2d({ numFeatures: 2, momentum: 2 })).code).toBe("invalid_argument");
    expect(caught(() => new BatchNorm2d({ numFeatures: 2, useBias: true } as never)).code).toBe("unknown_option");
    expect(caught(() => new BFBatchNorm2d({ numFeatures: 2 }).forward(ones([1, 3, 2, 2])))).toBeInstanceOf(ShapeError);
    expect(caught(() => new Sequential({} as never)).message).toContain("layer 0");
  });
});
