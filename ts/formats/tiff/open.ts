import { unsupported } from "../image-faults.js";
import type { ImageFile, OpenOptions } from "../raster.js";
import type { ByteSource } from "../source.js";
import { describe } from "./description.js";
import { type TiffDirectory, TiffFile } from "./directory.js";
import { compressions, photometric, readLayout } from "./layout.js";
import { readPage } from "./page.js";
import { rowBytes } from "./samples.js";

/** The tag of MetaMorph's stacks (UIC2Tag) that has a value for each plane. */
const metaMorphPlanes = 33629;

/**
 * Opens a TIFF or BigTIFF file; pages are read one by one.
 *
 * Our own reader: geotiff 3.0.5, whose JPEG decoder it uses, undoes predictors of big-endian files in the wrong byte
 * order, allocates what a header asks for, and follows directories that form a circle for ever.
 *
 * Smaller copies of a page (reduced images of a pyramid) and masks are not pages.
 */
export async function openTiff(source: ByteSource, options: OpenOptions): Promise<ImageFile> {
  const { file, directories } = await TiffFile.open(source);
  const pages: { directory: TiffDirectory; shift: number }[] = [];
  for (const directory of directories) {
    const kind = await directory.number(254, 0);
    if ((kind & 1) === 0 && (kind & 4) === 0) pages.push({ directory, shift: 0 });
  }
  const first = pages[0]?.directory ?? (directories[0] as TiffDirectory);
  if (pages.length === 0) pages.push({ directory: first, shift: 0 });
  const layout = await readLayout(file, first);
  const { metadata, pages: described } = await describe(first);
  const planes = first.count(metaMorphPlanes);
  const promised = Math.max(described, planes);
  const isPlain = layout.compression === compressions.none && !layout.tiled;
  if (planes > 1 && pages.length === 1 && !isPlain)
    throw unsupported(
      "TIFF",
      "is a compressed stack of MetaMorph",
      "write it as a TIFF with a directory for each page",
    );
  if (promised > 1 && pages.length === 1 && isPlain) {
    // ImageJ, tifffile and MetaMorph write stacks with one directory: the pages follow each other.
    const { width, height, samples } = layout;
    const bytes = rowBytes(layout, width, layout.planar ? 1 : samples) * height * (layout.planar ? samples : 1);
    const begin = Math.min(...((await first.numbers(273)) ?? [Infinity]));
    if (begin + promised * bytes > file.size)
      throw file.fault(`it ends after ${file.size} bytes, ${promised} pages need ${begin + promised * bytes}`);
    for (let k = 1; k < promised; k++) pages.push({ directory: first, shift: k * bytes });
  }
  const isAgreed = Object.values(metadata.sizes ?? {}).reduce((product, length) => product * length, 1);
  const matches = isAgreed === pages.length * layout.width * layout.height;
  const { axes, sizes, ...others } = metadata;
  const rgb = layout.photometric === photometric.rgb || layout.photometric === photometric.ycbcr;
  return {
    metadata: {
      format: "tiff",
      ...others,
      ...(matches && axes !== undefined && sizes ? { axes, sizes } : {}),
      bits: layout.bits,
      alpha: layout.alpha,
      ...(layout.photometric === photometric.whiteIsZero ? { whiteIsZero: true } : {}),
      colour: rgb || layout.photometric === photometric.palette ? "rgb" : "grey",
    },
    pages: pages.length,
    async size(page) {
      const { directory } = pages[page] as { directory: TiffDirectory };
      return [await directory.number(256, 0), await directory.number(257, 0)];
    },
    async read(page) {
      const { directory, shift } = pages[page] as { directory: TiffDirectory; shift: number };
      return await readPage(file, source, directory, options, shift);
    },
  };
}
