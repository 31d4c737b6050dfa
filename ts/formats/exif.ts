/**
 * The orientation that EXIF data state, 1 to 8 (tag 0x0112 of the first directory); 1 where they state none.
 *
 * @param exif data that begin with a TIFF header, as in the chunk eXIf of a PNG.
 */
export function exifOrientation(exif: Uint8Array): number {
  const view = new DataView(exif.buffer, exif.byteOffset, exif.length);
  if (exif.length < 10) return 1;
  const little = exif[0] === 0x49;
  const directory = view.getUint32(4, little);
  if (directory + 2 > exif.length) return 1;
  const count = view.getUint16(directory, little);
  for (let k = 0; k < count && directory + 14 + 12 * k <= exif.length; k++) {
    const at = directory + 2 + 12 * k;
    if (view.getUint16(at, little) !== 0x0112) continue;
    const value = view.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}
