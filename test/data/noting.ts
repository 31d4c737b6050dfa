import type { Dataset, Sample } from "../../ts/data/index.js";

/**
 * A dataset that notes what is asked for ahead, in order, what of it is not freed, which samples are read, and what was
 * open at each of these reads.
 */
export function noting(length: number, sampleOf: (index: number) => Sample) {
  const [read, asked, open] = [[] as number[], [] as number[], [] as number[]];
  const openAtRead: number[][] = [];
  const dataset: Dataset = {
    length,
    get(index) {
      read.push(index);
      openAtRead.push([...open]);
      return sampleOf(index);
    },
    prefetch(index) {
      asked.push(index);
      open.push(index);
      return () => void open.splice(open.indexOf(index), 1);
    },
  };
  return { dataset, read, asked, open, openAtRead };
}
