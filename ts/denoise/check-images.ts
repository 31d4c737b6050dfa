import type { Pixels } from "../io/index.js";
import { ArgumentError, checkList, LARGEST } from "../runtime/index.js";

/** Side of the smallest image. */
export const smallestSide = 8;

/**
 * Checks the images of a call.
 *
 * @throws ArgumentError `invalid_argument` where there are none, they have different numbers of channels, are smaller
 * than 8 x 8 or have values that are not finite.
 */
export function checkImages(caller: string, images: readonly Pixels[]): void {
  const refuse = (text: string): never => {
    throw new ArgumentError(`${caller}: ${text}.`, "invalid_argument");
  };
  if (!Array.isArray(images) || images.length === 0) refuse("no images were given, expected a list of at least one");
  checkList(caller, "images", images, LARGEST.batch);
  for (const [index, image] of images.entries()) {
    const { data, shape } = image ?? {};
    const isImage =
      data instanceof Float32Array &&
      Array.isArray(shape) &&
      shape.length === 3 &&
      shape.every((side) => Number.isSafeInteger(side) && side > 0) &&
      shape.reduce((a, b) => a * b, 1) === data.length;
    if (!isImage) refuse(`image ${index} is no { data, shape: [C, H, W] } as readPixels gives it`);
    const [channels, rows, columns] = shape;
    if (channels !== (images[0] as Pixels).shape[0])
      refuse(`image ${index} has ${channels} channels, the first has ${(images[0] as Pixels).shape[0]}`);
    if (Math.min(rows, columns) < smallestSide)
      refuse(`image ${index} is ${columns}x${rows}, expected at least ${smallestSide}x${smallestSide}`);
    const wrong = data.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) refuse(`value ${wrong} of image ${index} is ${data[wrong]}; replace such values first`);
  }
}
