import type { ArrayFile, ArrayRequest } from "./array.js";
import { chooseDataset, keptAxes } from "./array.js";
import { allocate, type ElementType, memorySize } from "./elements.js";
import { type DicomImage, openDicom, valuesOf } from "./dicom.js";
import { describe, FORMAT, isDicom, numbers } from "./dicom-header.js";
import { invalid, tooLarge } from "./fail.js";
import { byteLimit } from "./inflate.js";
import { select } from "./selection.js";
import { type ByteSource, bytesSource, readHead } from "./source.js";
import { readStored } from "./array.js";
import { elementCount, gather, denseStrides } from "./strided.js";

/** One file of a series: where its plane is along the normal, and what it shows. */
interface Plane {
  readonly source: ByteSource;
  readonly image: DicomImage;
  /** Distance along the normal of the planes, in millimetres; `undefined` where the file does not say. */
  readonly position: number | undefined;
  readonly instance: number;
  readonly series: string;
}

/**
 * Reads the files of a folder or a choice of files as one volume `[planes, rows, columns, samples]`.
 *
 * Planes are sorted by their position along the normal of their orientation (Image Position and Image Orientation), or
 * where a file lacks them by Instance Number. Files that are not DICOM, and those of other sizes than the first, are
 * left out and counted in `metadata.leftOut`. Where there are several series `dataset` chooses one: `"1"`, `"2"`, ...
 *
 * @throws As {@link readDicom}; ArgumentError `missing_argument`, `missing_key`.
 */
export async function readDicomSeries(sources: readonly ByteSource[], request: ArrayRequest): Promise<ArrayFile> {
  const { planes, leftOut } = await openPlanes(sources, request.maxBytes);
  if (planes.length === 0) throw invalid(FORMAT, `none of the ${sources.length} files is a DICOM file with pixels`);
  const groups = [...new Set(planes.map(({ series }) => series))];
  const names = groups.map((_, i) => String(i + 1));
  const chosen = groups[names.indexOf(chooseDataset("DICOM series", names, request.dataset))];
  const series = planes.filter((plane) => plane.series === chosen);
  const [first] = series as [Plane];
  const fits = ({ image: { stored } }: Plane): boolean => stored.shape.join() === first.image.stored.shape.join();
  const sorted = sortPlanes(series.filter(fits));
  const odd = series.filter((plane) => !fits(plane)).map(({ source }) => source.name);
  const { stored } = first.image;
  const shape = [sorted.length, ...stored.shape];
  const selection = select(request.slice, shape);
  const taken = selection.ranges[0] as { begin: number; count: number };
  const isScaled = sorted.some(({ image: { rescale } }) =>
    rescale?.some(([slope, shift]) => slope !== 1 || shift !== 0),
  );
  const type: ElementType =
    isScaled || sorted.some(({ image }) => image.stored.type !== stored.type) ? "float64" : stored.type;
  const planeSize = elementCount(stored.shape);
  const bytes = taken.count * planeSize * memorySize(type);
  const limit = byteLimit(request.maxBytes);
  if (bytes > limit) throw tooLarge(FORMAT, bytes, limit);
  const data = allocate(type, taken.count * planeSize);
  for (let i = 0; i < taken.count; i++) {
    const { image } = sorted[taken.begin + i] as Plane;
    const read = await readStored(bytesSource(image.pixels), image.stored, { maxBytes: request.maxBytes });
    data.set(
      valuesOf(image, read.data, {
        begin: 0,
        count: image.axes[0] === "frame" ? (image.stored.shape[0] as number) : 1,
      }),
      i * planeSize,
    );
  }
  const inner = selection.ranges.map(({ begin, count }, axis) => (axis === 0 ? { begin: 0, count } : { begin, count }));
  const strides = denseStrides([taken.count, ...stored.shape]);
  const offset = inner.reduce((sum, { begin }, axis) => sum + begin * (strides[axis] as number), 0);
  const steps = planeSteps(sorted);
  const axes = ["plane", ...first.image.axes];
  const spacing = [steps?.step, ...(first.image.spacing ?? [])];
  const isSpaced = spacing.length === axes.length && spacing.every((step) => step !== undefined);
  return {
    data: gather(data, { offset, shape: inner.map(({ count }) => count), strides }),
    shape: selection.shape,
    dtype: type,
    axes: keptAxes(selection, axes),
    ...(isSpaced && { spacing: keptAxes(selection, spacing as number[]) }),
    metadata: {
      format: FORMAT,
      ...describe(first.image.file.elements),
      ...(first.image.photometric !== "" && { photometricInterpretation: first.image.photometric }),
      planes: sorted.length,
      ...(steps && { positions: steps.positions, evenlySpaced: steps.even }),
      leftOut: [...leftOut, ...odd],
    },
  };
}

async function openPlanes(
  sources: readonly ByteSource[],
  maxBytes: number | undefined,
): Promise<{ planes: Plane[]; leftOut: string[] }> {
  const planes: Plane[] = [];
  const leftOut: string[] = [];
  for (const source of sources) {
    if (!isDicom(await readHead(source, 132))) {
      leftOut.push(source.name);
      continue;
    }
    const image = await openDicom(source, maxBytes);
    const { elements } = image.file;
    planes.push({
      source,
      image,
      position: positionOf(image),
      instance: elements.intString("x00200013") ?? NaN,
      series: elements.string("x0020000e") ?? "",
    });
  }
  return { planes, leftOut };
}

/** The position of a plane along the normal, the cross product of the directions of its rows and columns. */
function positionOf({ file: { elements } }: DicomImage): number | undefined {
  const position = numbers(elements, "x00200032", 3);
  const orientation = numbers(elements, "x00200037", 6);
  if (position === undefined || orientation === undefined) return undefined;
  const [a, b, c, d, e, f] = orientation as [number, number, number, number, number, number];
  const normal = [b * f - c * e, c * d - a * f, a * e - b * d];
  return normal.reduce((sum, value, i) => sum + value * (position[i] as number), 0);
}

function sortPlanes(planes: readonly Plane[]): Plane[] {
  const byPosition = planes.every(({ position }) => position !== undefined);
  const byInstance = planes.every(({ instance }) => Number.isFinite(instance));
  const key = ({ position, instance }: Plane): number =>
    byPosition ? (position as number) : byInstance ? instance : 0;
  return [...planes].sort((a, b) => key(a) - key(b) || a.instance - b.instance || 0);
}

/** The distance of neighbouring planes: the median, and whether all are within 1 % of it. */
function planeSteps(planes: readonly Plane[]): { step: number; positions: number[]; even: boolean } | undefined {
  const positions = planes.map(({ position }) => position);
  if (planes.length < 2 || !positions.every((position) => position !== undefined)) return undefined;
  const steps = positions.slice(1).map((position, i) => position - (positions[i] as number));
  const step = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] as number;
  return { step, positions, even: steps.every((one) => Math.abs(one - step) <= 0.01 * Math.abs(step)) };
}
