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
    const above = i === 0 ? -1 : start - rowBytes - 1;
    for (let j = 0; j < rowBytes; j++) {
      const left = j < distance ? 0 : (block[start + j - distance] as number);
      const up = above < 0 ? 0 : (block[above + j] as number);
      let guess = left;
      if (filter === 2) guess = up;
      else if (filter === 3) guess = (left + up) >> 1;
      else if (filter === 4) {
        const corner = above < 0 || j < distance ? 0 : (block[above + j - distance] as number);
        guess = paeth(left, up, corner);
      }
      block[start + j] = (block[start + j] as number) + guess;
    }
  }
  return true;
}

/** The neighbour nearest to `left + up - corner`. */
function paeth(left: number, up: number, corner: number): number {
  const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}
