/** A module of one function that uses an instruction of relaxed SIMD (i8x16.relaxed_swizzle). */
// biome-ignore format: one section of the module per line
const relaxedProbe = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0,
  1, 5, 1, 96, 0, 1, 123,
  3, 2, 1, 0,
  10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11,
);

/** The fastest module of one thread for the CPU that this JavaScript engine supports. */
export function cpuModule(): "cpu" | "relaxed" {
  return WebAssembly.validate(relaxedProbe) ? "relaxed" : "cpu";
}
