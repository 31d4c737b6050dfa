import { type PagePlace, PageReader, type PageValues } from "./page-reader.js";

/** Who reads a page: nobody yet, the thread that needs it, or from this number on one of the threads beside it. */
export const FREE = 0;
export const OWN = 1;
export const FIRST_THREAD = 2;

/** KiB of pages that were read and are not yet freed, at which the threads pause. */
export const MOST_HELD = 256 * 1024;

/** A page that is to be read, as the threads get it. */
export interface PageRequest extends PagePlace {
  readonly id: number;
  /** Who reads it, one number: whoever changes it from `FREE` does. */
  readonly reader: Int32Array;
  /** KiB that are held, one number. */
  readonly held: Int32Array;
}

/** The values of a page; none where it cannot be read: the thread that needs it then meets the error itself. */
export interface PageAnswer {
  readonly id: number;
  readonly values?: PageValues;
}

/** Whole KiB of a page. */
export function kibOf({ data }: PageValues): number {
  return Math.ceil(data.byteLength / 1024);
}

/** What a thread does, which `runtime/node/start-reader.ts` starts: answers requests one after another. */
export function servePages(
  thread: number,
  answer: (answer: PageAnswer, transfer: readonly ArrayBuffer[]) => void,
): (request: PageRequest) => void {
  const reader = new PageReader();
  const serve = async ({ id, reader: who, held, ...place }: PageRequest): Promise<void> => {
    for (let kib = Atomics.load(held, 0); kib > MOST_HELD; kib = Atomics.load(held, 0)) Atomics.wait(held, 0, kib);
    if (Atomics.compareExchange(who, 0, FREE, FIRST_THREAD + thread) !== FREE) return;
    try {
      const values = await reader.read(place);
      Atomics.add(held, 0, kibOf(values));
      const { buffer } = values.data;
      answer({ id, values }, buffer instanceof ArrayBuffer ? [buffer] : []);
    } catch {
      answer({ id }, []);
    }
  };
  let last = Promise.resolve();
  return (request) => {
    last = last.then(async () => await serve(request));
  };
}
