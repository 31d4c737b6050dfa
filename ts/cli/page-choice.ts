import type { ImageMetadata } from "../io/index.js";
import { UsageError } from "./errors.js";

/** What is known of a file before pages are chosen. */
export interface PagesOf {
  readonly path: string;
  /** Number of pages. */
  readonly pages: number;
  /** Channels of a page without opacity. */
  readonly colours: number;
  readonly metadata: ImageMetadata;
}

/** Pages and channels of a file that are taken. */
export interface PageChoice {
  /** From 0, ascending. */
  readonly pages: readonly number[];
  /** Channels of each page, from 0; all where undefined. */
  readonly channels: readonly number[] | undefined;
  /** The metadata of what is taken. */
  readonly metadata: Partial<ImageMetadata>;
}

/**
 * Chooses pages and channels. Channels are those of each page, or, where the pages of the file have an axis C, the
 * pages at these positions of it.
 *
 * @throws UsageError where there are none such.
 */
export function choosePages(file: PagesOf, pages?: string, channels?: string): PageChoice {
  const { metadata } = file;
  const sizes = metadata.sizes ?? {};
  const isAxis = (sizes["C"] ?? 1) > 1 && file.pages > 1;
  const allChannels = isAxis ? (sizes["C"] as number) : file.colours;
  const wanted = channels === undefined ? undefined : parseRange(file.path, "--channels", channels, allChannels);
  const byRange =
    pages === undefined
      ? Array.from({ length: file.pages }, (_, k) => k)
      : parseRange(file.path, "--pages", pages, file.pages);
  const places = placesOf(metadata);
  const taken = isAxis && wanted ? byRange.filter((page) => wanted.includes(places(page)["C"] as number)) : byRange;
  if (taken.length === 0) {
    throw new UsageError(
      `${file.path}: no page of --pages ${pages} is of the channels ${channels}; the pages of a channel are ` +
        `${allChannels} apart.`,
      "invalid_argument",
    );
  }
  return {
    pages: taken,
    channels: isAxis ? undefined : wanted,
    metadata: metadataOf(file, taken, isAxis ? undefined : wanted),
  };
}

/** Numbers from 0 of a text such as `3-7,9`, which counts from 1. */
export function parseRange(path: string, option: string, text: string, count: number): number[] {
  const found = new Set<number>();
  for (const part of text.split(",")) {
    const [, from, to] = /^\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?$/.exec(part) ?? [];
    const [first, last] = [Number(from), Number(to ?? from)];
    if (!(first >= 1 && last >= first && last <= count)) {
      throw new UsageError(
        `${path}: ${option} is ${text}, expected numbers from 1 to ${count}, such as 1 or 1-${count}.`,
        "invalid_argument",
      );
    }
    for (let k = first; k <= last; k++) found.add(k - 1);
  }
  return [...found].sort((a, b) => a - b);
}

/** The position of a page on each axis above rows and columns. */
function placesOf({ axes = "", sizes = {} }: ImageMetadata): (page: number) => Record<string, number> {
  const outer = [...axes].filter((axis) => axis !== "Y" && axis !== "X");
  return (page) => {
    const places: Record<string, number> = {};
    let rest = page;
    for (const axis of [...outer].reverse()) {
      const size = sizes[axis] ?? 1;
      places[axis] = rest % size;
      rest = Math.floor(rest / size);
    }
    return places;
  };
}

/** The metadata of some pages: their axes where they still are a grid. */
function metadataOf(file: PagesOf, taken: readonly number[], channels?: readonly number[]): Partial<ImageMetadata> {
  const { metadata } = file;
  const names = metadata.channelNames;
  const chosen = {
    ...metadata,
    ...(channels && names ? { channelNames: channels.flatMap((c) => names[c] ?? []) } : {}),
    ...(channels && channels.length !== file.colours ? { colour: undefined } : {}),
  } as Partial<ImageMetadata>;
  if (taken.length === file.pages) return chosen;
  const { axes = "" } = metadata;
  const places = taken.map(placesOf(metadata));
  const outer = [...axes].filter((axis) => axis !== "Y" && axis !== "X");
  const kept = outer.map((axis) => [axis, new Set(places.map((place) => place[axis] as number))] as const);
  const isGrid = kept.reduce((product, [, set]) => product * set.size, 1) === taken.length;
  const left = kept.filter(([, set]) => set.size > 1);
  // Axes and texts of a whole stack do not hold for pages that are no grid of it.
  const grid = isGrid
    ? { axes: `${left.map(([axis]) => axis).join("")}YX`, sizes: Object.fromEntries(left.map(([a, s]) => [a, s.size])) }
    : { axes: "YX", sizes: {} };
  const ofChannel = kept.find(([axis]) => axis === "C")?.[1];
  return {
    ...chosen,
    ...grid,
    ...(ofChannel && names ? { channelNames: [...ofChannel].flatMap((c) => names[c] ?? []) } : {}),
  };
}
