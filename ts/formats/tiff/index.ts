/** TIFF, BigTIFF, ImageJ and OME-TIFF. */
export { openTiff } from "./open.js";
export { encodeTiff } from "./write.js";
