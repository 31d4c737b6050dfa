import { tensor } from "../../ts/tensor/index.js";
import type { Draw } from "../../ts/random/index.js";
import type { CaseData } from "./case-data.js";
import type { DrawSpec } from "./format.js";

/**
 * A case records a splitting mask as a whole. The library draws it image by image: uniform numbers where pixels are
 * independent, a permutation of the measured pixels where a subset is taken. These are draws that give the recorded
 * mask.
 */
export function splittingDraws(draw: DrawSpec & { law?: string }, data: CaseData): Draw[] {
  const { shape, data: mask } = data.raw(String(draw.tensor));
  const [batch = 0, channels = 1, ...image] = shape;
  const entries = mask.length / batch;
  const images = Array.from({ length: batch }, (_, b) => mask.slice(b * entries, (b + 1) * entries));
  if (draw.law === "iid") {
    return images.map((one) => ({
      kind: "uniform",
      tensor: tensor(
        one.map((kept) => 1 - kept),
        { shape: [channels, ...image], ...data.setting },
      ),
    }));
  }
  if (draw.law !== "uniformSubsetOfPhysicsMask")
    throw new Error(`${data.golden.name}: splitting masks of the law "${String(draw.law)}" cannot be replayed`);
  const measured = data.raw("physics.mask").data;
  return images.map((one) => {
    const plane = pixelwise(data) ? entries / channels : entries;
    const pixels = Array.from({ length: plane }, (_, i) => i).filter((i) => measured[i % measured.length] !== 0);
    const order = pixels.map((pixel, place) => ({ place, kept: one[pixel] as number }));
    order.sort((a, b) => b.kept - a.kept || a.place - b.place);
    return {
      kind: "permutation",
      tensor: tensor(
        order.map(({ place }) => place),
        data.setting,
      ),
    };
  });
}

/**
 * Whether the mask generator of the case keeps or drops all channels of a pixel together; the default is that it does.
 */
function pixelwise({ golden: { params } }: CaseData): boolean {
  const own = (params.maskGenerator as { params?: { pixelwise?: boolean } } | undefined)?.params;
  return own?.pixelwise ?? (params.pixelwise as boolean | undefined) ?? true;
}
