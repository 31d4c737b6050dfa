/**
 * YCbCr of 8 bits to RGB, in place (ITU-R BT.601, full range): `R = Y + 1.402 Cr`, `B = Y + 1.772 Cb` and
 * `Y = 0.299 R + 0.587 G + 0.114 B`, with Cb and Cr stored above 128.
 */
export function ycbcrToRgb(values: Uint8Array): void {
  const clamp = (value: number): number => Math.min(255, Math.max(0, Math.round(value)));
  for (let i = 0; i < values.length; i += 3) {
    const [y, b, r] = [values[i] as number, (values[i + 1] as number) - 128, (values[i + 2] as number) - 128];
    values[i] = clamp(y + 1.402 * r);
    values[i + 1] = clamp(y - 0.344136 * b - 0.714136 * r);
    values[i + 2] = clamp(y + 1.772 * b);
  }
}
