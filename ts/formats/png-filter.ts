/**
 * Undoes the filters of the rows of a PNG in place (PNG, third edition, section 9): each byte was stored as its
 * difference from a prediction by its left, upper and upper left neighbours.
 *
 * @param block rows, each with the number of its filter before it.
 * @param distance bytes between a sample and its left neighbour.
 * @returns false where a filter has no such number.
 */
export function unfilter(block: Uint8Array, rows: number, rowBytes: number, distance: number): boolean {
  for (let i = 0; i < rows; i++) {
    const start = i * (rowBytes + 1) + 1;
    const filter = block[start - 1] as number;
    if (filter > 4) return false;
    if (filter === 0) continue;
    const row = block.subarray(start, start + rowBytes);
    const above = i === 0 ? new Uint8Array(rowBytes) : block.subarray(start - rowBytes - 1, start - 1);
    if (filter === 1) for (let j = distance; j < rowBytes; j++) row[j] = at(row, j) + at(row, j - distance);
    else if (filter === 2) for (let j = 0; j < rowBytes; j++) row[j] = at(row, j) + at(above, j);
    else if (filter === 3) undoAverage(row, above, distance);
    else undoPaeth(row, above, distance);
  }
  return true;
}

const at = (bytes: Uint8Array, j: number): number => bytes[j] as number;

/** The prediction is the mean of the left and the upper neighbour, rounded down. */
function undoAverage(row: Uint8Array, above: Uint8Array, distance: number): void {
  for (let j = 0; j < row.length; j++) {
    const left = j < distance ? 0 : at(row, j - distance);
    row[j] = at(row, j) + ((left + at(above, j)) >> 1);
  }
}

/** The prediction is the neighbour nearest to `left + upper - corner`. */
function undoPaeth(row: Uint8Array, above: Uint8Array, distance: number): void {
  for (let j = 0; j < row.length; j++) {
    const up = at(above, j);
    const [left, corner] = j < distance ? [0, 0] : [at(row, j - distance), at(above, j - distance)];
    row[j] = at(row, j) + nearest(left, up, corner);
  }
}

function nearest(left: number, up: number, corner: number): number {
  const a = Math.abs(up - corner);
  const b = Math.abs(left - corner);
  const c = Math.abs(left + up - 2 * corner);
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}
