// The images of a report.
import { cat, full, io, nn } from "adjoint";

const MIN_SIDE = 192;

/** For each test image its name and cells: the reconstructions and the ground truth, with labels. */
export async function figuresOf(names, results, show) {
  const figures = [];
  for (const [i, name] of names.entries()) {
    const reconstructions = results.map(({ label, values, images }) => ({
      label: `${label}, ${values.PSNR[i].toFixed(2)} dB`,
      image: images[i],
    }));
    const cells = [];
    for (const { label, image } of [...reconstructions, { label: "ground truth", image: results[0].truth[i] }]) {
      const visible = enlarged(show(image));
      cells.push({ label, image: visible, png: await io.encodePng(visible) });
    }
    figures.push({ name, cells });
  }
  return figures;
}

/** Small images are enlarged by a whole factor. */
function enlarged(image) {
  const scaleFactor = Math.ceil(MIN_SIDE / Math.min(...image.shape.slice(2)));
  return scaleFactor > 1 ? nn.functional.interpolate(image, { scaleFactor, mode: "nearest" }) : image;
}

/** Images joined along a dimension, with white lines between them. */
export function joined(images, dim) {
  const shape = [...images[0].shape];
  shape[dim] = 4;
  const gap = full(shape, 1);
  return cat(
    images.flatMap((image, i) => (i === 0 ? [image] : [gap, image])),
    dim,
  );
}
