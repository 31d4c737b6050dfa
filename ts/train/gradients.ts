import { noGrad, type Tensor, tidy } from "../tensor/index.js";

/** A sum of gradients over the images of several batches. */
export interface GradientSum {
  readonly gradients: readonly Tensor[];
  readonly images: number;
}

/**
 * Adds the mean gradients of a batch, weighted by its number of images: the mean over all is that of one large batch.
 * The tensors given are freed; those of a single batch are taken as they are.
 */
export function addGradients(
  sum: GradientSum | undefined,
  gradients: readonly Tensor[],
  images: number,
  batches: number,
): GradientSum {
  if (batches === 1) return { gradients, images: 1 };
  const added = noGrad(() =>
    tidy(() =>
      gradients.map((gradient, i) => {
        const weighted = gradient.mul(images);
        const before = sum?.gradients[i];
        return before ? before.add(weighted) : weighted;
      }),
    ),
  );
  for (const used of [...gradients, ...(sum?.gradients ?? [])]) used.dispose();
  return { gradients: added, images: images + (sum?.images ?? 0) };
}

/** The mean gradients over all images. */
export function meanGradients(sum: GradientSum | undefined): readonly Tensor[] {
  if (!sum) return [];
  return sum.images === 1 ? sum.gradients : sum.gradients.map((gradient) => gradient.div(sum.images));
}
