// What the machine would need at least for the work of a case: the roofline (Williams, Waterman, Patterson, 2009,
// doi:10.1145/1498765.1498785).

/** The bandwidth of the smallest triad that is as large, or of the largest. */
const bandwidthFor = (bytes, { bandwidths }) =>
  (bandwidths.find((one) => one.bytes >= bytes) ?? bandwidths.at(-1)).perSecond;

/**
 * The share of the peak that work reaches in so many seconds, `max(flops / peak, bytes / bandwidth) / seconds`, and
 * which of the two it is. `peaks` is what `measurePeaks` returns.
 */
export function roof({ flops, bytes }, seconds, peaks) {
  const [arithmetic, memory] = [flops / peaks.flops, bytes / bandwidthFor(bytes, peaks)];
  return { bound: arithmetic >= memory ? "FMA" : "memory", share: Math.max(arithmetic, memory) / seconds };
}

const giga = (value) => (value / 1e9).toPrecision(3);

/** Work and share as a cell of a table. */
export function roofCell({ work, roof: reached }) {
  if (!reached) return "-";
  const [flops, bytes] = [work.flops / 1e9, work.bytes / 1e6];
  const amount = `${flops > 0 ? `${Number(flops.toPrecision(2))} GFLOP, ` : ""}${Number(bytes.toPrecision(2))} MB`;
  return `${amount}: ${(100 * reached.share).toFixed(0)} % of ${reached.bound}`;
}

/** What was measured, and how work is counted, below a table. */
export function roofNote(peaks) {
  const sizes = peaks.bandwidths.map(({ bytes, perSecond }) => `${giga(perSecond)} GB/s over ${bytes / 2 ** 20} MiB`);
  const threads = `${peaks.threads} thread${peaks.threads > 1 ? "s" : ""}`;
  return (
    `Peaks of ${threads}, measured in this run: ${giga(peaks.flops)} GFLOP/s of multiply-adds` +
    `${peaks.bfloat16 ? ` (of bfloat16, which nothing here uses, ${giga(peaks.bfloat16)})` : ""}; a triad ` +
    `${sizes.join(", ")}. The share is that of the slower of the two, arithmetic at the peak or operands and results ` +
    "once at the bandwidth of a triad as large; in the fastest round. Convolutions are counted directly: Winograd's, " +
    "which multiply less, may exceed 100 %."
  );
}
