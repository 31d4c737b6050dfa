import type { ImageMetadata, PixelSize } from "../raster.js";
import type { TiffDirectory } from "./directory.js";

/** What a description says about the order of the pages. */
interface Axes {
  readonly dialect?: "imagej" | "ome";
  /** Pages that the description promises. */
  readonly pages?: number;
  /** The axes above rows and columns, slowest first, with their lengths. */
  readonly outer?: readonly (readonly [string, number])[];
  readonly pixelSize?: PixelSize;
  readonly channelNames?: readonly string[];
}

/** Reads ImageJ's, OME's or tifffile's description of a stack, and the resolution of the first page. */
export async function describe(directory: TiffDirectory): Promise<{ metadata: Partial<ImageMetadata>; pages: number }> {
  const description = await directory.text(270);
  const [width, height] = [await directory.number(256, 0), await directory.number(257, 0)];
  const text = description ?? "";
  const isImageJ = text.startsWith("ImageJ=");
  const axes = isImageJ ? imageJ(text) : /<OME[\s>]/.test(text) ? ome(text) : shaped(text, height, width);
  const pixelSize = await resolution(directory, isImageJ ? text : undefined);
  const outer = axes.outer?.filter(([, length]) => length > 1);
  const sizes = outer && Object.fromEntries([...outer, ["Y", height], ["X", width]]);
  const size = axes.pixelSize ?? pixelSize;
  return {
    pages: axes.pages ?? 1,
    metadata: {
      ...(axes.dialect ? { dialect: axes.dialect } : {}),
      ...(outer && sizes ? { axes: `${outer.map(([axis]) => axis).join("")}YX`, sizes } : {}),
      ...(size ? { pixelSize: size } : {}),
      ...(axes.channelNames ? { channelNames: axes.channelNames } : {}),
      ...(description === undefined ? {} : { description }),
    },
  };
}

/** ImageJ's lines `key=value`; channels are the fastest axis, then slices, then frames. */
function imageJ(text: string): Axes {
  const values = new Map(text.split("\n").map((line) => [line.split("=")[0] ?? "", line.slice(line.indexOf("=") + 1)]));
  const count = (key: string): number => positive(values.get(key)) ?? 1;
  const images = count("images");
  let [c, z, t] = [count("channels"), count("slices"), count("frames")];
  if (c * z * t !== images) [c, z, t] = [1, images, 1];
  return {
    dialect: "imagej",
    pages: images,
    outer: [
      ["T", t],
      ["Z", z],
      ["C", c],
    ],
  };
}

/** The element Pixels of OME-XML: DimensionOrder begins with the fastest axis. */
function ome(text: string): Axes {
  const pixels = /<(?:\w+:)?Pixels\s([^>]*)>/.exec(text)?.[1] ?? "";
  const attribute = (name: string, of = pixels): string | undefined => {
    const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(of)?.[1];
    return value === undefined ? undefined : unescaped(value);
  };
  const order = attribute("DimensionOrder") ?? "XYZCT";
  const channels = Array.from(text.matchAll(/<(?:\w+:)?Channel\s([^>]*)>/g), (match) => match[1] ?? "");
  const samples = positive(attribute("SamplesPerPixel", channels[0])) ?? 1;
  const length = (axis: string): number => {
    const size = positive(attribute(`Size${axis}`)) ?? 1;
    return axis === "C" ? Math.max(1, Math.floor(size / samples)) : size;
  };
  const outer = Array.from(order.slice(2))
    .reverse()
    .map((axis) => [axis, length(axis)] as const);
  const [x, y, z] = ["X", "Y", "Z"].map((axis) => positiveNumber(attribute(`PhysicalSize${axis}`)));
  const unit = (attribute("PhysicalSizeXUnit") ?? "um").replace(/^[\u00b5\u03bc]/, "u");
  const names = channels.map((channel) => attribute("Name", channel) ?? "");
  // Where planes may lie in any order, the axes would be wrong.
  const isOrdered = Array.from(text.matchAll(/<(?:\w+:)?TiffData\s([^>]*)>/g), (match) => match[1] ?? "").every(
    (plane) => {
      const place = [...outer].reverse().reduce(
        ({ index, stride }, [axis, size]) => ({
          index: index + stride * Number(attribute(`First${axis}`, plane) ?? 0),
          stride: stride * size,
        }),
        { index: 0, stride: 1 },
      );
      return place.index === Number(attribute("IFD", plane) ?? place.index);
    },
  );
  return {
    dialect: "ome",
    ...(isOrdered ? { outer } : {}),
    ...(x === undefined ? {} : { pixelSize: { x, y: y ?? x, ...(z === undefined ? {} : { z }), unit } }),
    ...(names.some((name) => name !== "") ? { channelNames: names } : {}),
  };
}

/** tifffile's `{"shape": [pages, rows, columns], "truncated": true}`: one directory for all pages. */
function shaped(text: string, height: number, width: number): Axes {
  if (!text.startsWith('{"shape"') || text.length > 4096) return {};
  try {
    const { shape, truncated } = JSON.parse(text) as { shape?: unknown; truncated?: unknown };
    if (truncated !== true || !Array.isArray(shape)) return {};
    const lengths = shape.map(Number);
    const end = lengths.findIndex((length, i) => length === height && lengths[i + 1] === width);
    if (end < 1) return {};
    return { pages: lengths.slice(0, end).reduce((product, length) => product * length, 1) };
  } catch {
    return {};
  }
}

/** Pixels a unit, of tags 282, 283 and 296 (1: a unit that ImageJ's description names, 2: inch, 3: centimetre). */
async function resolution(directory: TiffDirectory, imageJText: string | undefined): Promise<PixelSize | undefined> {
  const [x, y] = [await directory.number(282, 0), await directory.number(283, 0)];
  const kind = await directory.number(296, 2);
  if (!(x > 0 && y > 0 && Number.isFinite(x) && Number.isFinite(y))) return undefined;
  const named = imageJText === undefined ? undefined : /^unit=(.*)$/m.exec(imageJText)?.[1]?.trim();
  const spacing = imageJText === undefined ? undefined : positiveNumber(/^spacing=(.*)$/m.exec(imageJText)?.[1]);
  const z = spacing === undefined ? {} : { z: spacing };
  const isMicrometre = /^(?:micron|\\u00B5m|[\u00b5\u03bc]m)/i.test(named ?? "");
  if (named) return { x: 1 / x, y: 1 / y, ...z, unit: isMicrometre ? "um" : named };
  // 72 and 96 dots an inch are what programs write that know no size, and 1 is the default of others.
  if (kind === 3) return { x: 1 / x, y: 1 / y, ...z, unit: "cm" };
  return kind === 2 && x !== 72 && x !== 96 && x !== 1 ? { x: 1 / x, y: 1 / y, ...z, unit: "inch" } : undefined;
}

function positive(text: string | undefined): number | undefined {
  const value = Number(text);
  return text !== undefined && Number.isInteger(value) && value > 0 ? value : undefined;
}

function positiveNumber(text: string | undefined): number | undefined {
  const value = Number(text);
  return text !== undefined && Number.isFinite(value) && value > 0 ? value : undefined;
}

function unescaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w{2,4}));/g, (whole, decimal, hex, word) => {
    const code = decimal ? Number(decimal) : hex ? Number.parseInt(hex as string, 16) : undefined;
    if (code !== undefined) return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    return entities[word as string] ?? whole;
  });
}
