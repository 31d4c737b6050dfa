import { expectTypeOf, it } from "vitest";
import { Conv2d, DnCNN, Module, ReLU, Sequential, type StateDict, type StateKey, UNet } from "../../ts/nn/index.js";
import type { Tensor } from "../../ts/tensor/index.js";

declare const conv: Conv2d;
declare const weight: Tensor;

class Net extends Module {
  inConv = conv;
  Conv1 = conv;
  scale2X: Tensor = weight;
  maybe: Tensor | null = null;
  readonly blocks: readonly Conv2d[] = [];
  readonly body = new Sequential([["head", conv], ["tail", new Sequential(conv, new ReLU())], conv]);
  note = "no state";
  itself: Module = this;
}

it("the names of weights that a type tells are known, and no others", () => {
  expectTypeOf<StateKey<Conv2d>>().toEqualTypeOf<"weight">();
  expectTypeOf<StateKey<Net>>().toEqualTypeOf<
    "in_conv.weight" | "Conv1.weight" | "scale2_x" | "body.head.weight" | "body.tail.0.weight" | "body.2.weight"
  >();
  expectTypeOf<StateKey<DnCNN>>().toEqualTypeOf<"in_conv.weight" | "out_conv.weight">();
  expectTypeOf<StateKey<Module>>().toEqualTypeOf<never>();
});

it("a known name is a tensor, any other may be absent", () => {
  const state = new Net().stateDict();
  expectTypeOf(state["in_conv.weight"]).toEqualTypeOf<Tensor>();
  expectTypeOf(state["in_conv.bias"]).toEqualTypeOf<Tensor | undefined>();
  expectTypeOf(state["blocks.0.weight"]).toEqualTypeOf<Tensor | undefined>();
  expectTypeOf(new UNet().stateDict()).toExtend<StateDict>();
});

it("a list of layers is a sequence, whatever their number", () => {
  const layers = [conv, new ReLU()];
  const made: Sequential[] = [new Sequential(layers), new Sequential(...layers), new Sequential(), new Sequential([])];
  void made;
  // @ts-expect-error a name belongs to a layer
  new Sequential([["conv"]]);
  // @ts-expect-error a number is no layer
  new Sequential(1);
});

it("create takes the options of the class, and a place of weights", () => {
  const models: Promise<DnCNN>[] = [DnCNN.create({ depth: 3, pretrained: "x.pth" }), DnCNN.create({})];
  void models;
  // @ts-expect-error the option is depth
  void DnCNN.create({ depths: 3 });
  // @ts-expect-error the channels are missing
  void Conv2d.create({ kernelSize: 3 });
  // @ts-expect-error a place is a text or an address
  void DnCNN.create({ pretrained: 3 });
});
