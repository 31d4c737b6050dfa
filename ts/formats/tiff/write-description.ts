import type { Quantised, WrittenSample } from "../quantise.js";
import type { ImageMetadata } from "../raster.js";

/** A stack to write: values in the order `[pages, channels, rows, columns]`. */
export interface TiffImage {
  readonly values: Quantised["values"];
  readonly shape: readonly [number, number, number, number];
  readonly sample: WrittenSample;
  readonly metadata: Partial<ImageMetadata>;
  readonly compression: "none" | "deflate";
}

/** Centimetres of a unit. */
export const centimetres: Readonly<Record<string, number>> = {
  nm: 1e-7,
  um: 1e-4,
  mm: 0.1,
  cm: 1,
  m: 100,
  inch: 2.54,
};

/** The description of the first page: that of ImageJ or OME with the axes and sizes, or the free text. */
export function describeStack(image: TiffImage): string | undefined {
  const { metadata, shape } = image;
  if (metadata.dialect === "ome") return ome(image);
  if (metadata.dialect === "imagej") return imageJ(image);
  const isOfAnotherFile = /^\{"shape"|^ImageJ=|<OME/.test(metadata.description ?? "");
  return isOfAnotherFile || shape[0] === 0 ? undefined : metadata.description;
}

/** Lengths of the axes of the pages; all pages are slices where the metadata do not fit them. */
function axesOf({ metadata, shape }: TiffImage): Readonly<Record<"T" | "Z" | "C", number>> {
  const { sizes = {} } = metadata;
  const [t, z, c] = [sizes.T ?? 1, sizes.Z ?? 1, sizes.C ?? 1];
  return t * z * c === shape[0] ? { T: t, Z: z, C: c } : { T: 1, Z: shape[0], C: 1 };
}

function imageJ(image: TiffImage): string {
  const { T, Z, C } = axesOf(image);
  const { pixelSize } = image.metadata;
  const lines = [
    "ImageJ=1.54f",
    `images=${T * Z * C}`,
    ...(C > 1 ? [`channels=${C}`] : []),
    ...(Z > 1 ? [`slices=${Z}`] : []),
    ...(T > 1 ? [`frames=${T}`] : []),
    ...([T, Z, C].filter((length) => length > 1).length > 1 ? ["hyperstack=true"] : []),
    "mode=grayscale",
    ...(pixelSize ? [`unit=${pixelSize.unit === "um" ? "micron" : pixelSize.unit}`] : []),
    ...(pixelSize?.z === undefined ? [] : [`spacing=${pixelSize.z}`]),
    "loop=false",
  ];
  return `${lines.join("\n")}\n`;
}

/** OME-XML of the pages, without what else the file that was read said about persons and instruments. */
function ome(image: TiffImage): string {
  const { shape, sample, metadata } = image;
  const { pixelSize, channelNames, axes = "" } = metadata;
  const [, samples, height, width] = shape;
  const lengths = axesOf(image);
  const known = [...axes].filter((axis) => axis === "T" || axis === "Z" || axis === "C");
  // Fastest axis first; those of length 1 last.
  const order = [...known.reverse(), ...["Z", "C", "T"].filter((axis) => !known.includes(axis as "Z"))].join("");
  const type = sample === "float32" ? "float" : sample === "float64" ? "double" : sample;
  const physical = pixelSize
    ? (["x", "y", "z"] as const).flatMap((axis) => {
        const size = pixelSize[axis];
        const name = `PhysicalSize${axis.toUpperCase()}`;
        const unit = pixelSize.unit === "um" ? "\u00b5m" : pixelSize.unit;
        return size === undefined ? [] : [`${name}="${size}" ${name}Unit="${escaped(unit)}"`];
      })
    : [];
  const channels = Array.from({ length: lengths.C }, (_, c) => {
    const name = channelNames?.[c] ? ` Name="${escaped(channelNames[c])}"` : "";
    return `<Channel ID="Channel:0:${c}" SamplesPerPixel="${samples}"${name}/>`;
  });
  return (
    '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">' +
    `<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XY${order}" Type="${type}" SizeX="${width}" ` +
    `SizeY="${height}" SizeZ="${lengths.Z}" SizeC="${lengths.C * samples}" SizeT="${lengths.T}"` +
    `${physical.map((part) => ` ${part}`).join("")}>${channels.join("")}<TiffData/></Pixels></Image></OME>`
  );
}

function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;" };
  return text.replace(/[<>&"]/g, (c) => entities[c] ?? c);
}
