import { ArgumentError, shown, LARGEST } from "../../runtime/index.js";
import { Loss } from "../loss.js";

/** A loss, or a list of entries that are used together. */
export type NestedLosses = Loss | readonly NestedLosses[];

/** The losses in entries of the type `E`, at any depth. */
export type LossesIn<E> = NestedLosses extends E
  ? Loss
  : E extends readonly (infer Inner)[]
    ? LossesIn<Inner>
    : E extends Loss
      ? E
      : never;

/** Lists within lists. */
const MAX_DEPTH = 32;

/**
 * The losses of nested lists, in order, with repetitions.
 *
 * @throws ArgumentError `empty_losses` for a list without an entry, `recursive_scheduler` for a list inside itself,
 * `invalid_argument` for anything that is neither a loss nor a list.
 */
export function flatten(caller: string, entry: NestedLosses, enclosing: readonly unknown[] = []): Loss[] {
  if (entry instanceof Loss) return [entry];
  if (!Array.isArray(entry)) {
    throw new ArgumentError(
      `${caller}: losses must hold losses, such as new SupLoss(), or lists of them; one entry is ${shown(entry)}.`,
      "invalid_argument",
    );
  }
  if (enclosing.length > MAX_DEPTH)
    throw new ArgumentError(`${caller}: lists of losses are nested more than ${MAX_DEPTH} times.`, "invalid_argument");
  if (entry.length > LARGEST.batch)
    throw new ArgumentError(`${caller}: a list of losses has ${entry.length} entries.`, "invalid_argument");
  if (enclosing.includes(entry))
    throw new ArgumentError(
      `${caller}: a list of losses contains itself; give each list its own entries.`,
      "recursive_scheduler",
    );
  if (entry.length === 0)
    throw new ArgumentError(`${caller}: a list of losses is empty; give it at least one loss.`, "empty_losses");
  return (entry as readonly NestedLosses[]).flatMap((inner) => flatten(caller, inner, [...enclosing, entry]));
}
