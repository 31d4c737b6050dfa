import type { Tensor } from "../tensor/index.js";
import type { Loss } from "./loss.js";

type State = Record<string, Tensor>;

/** The state of losses that are part of another, each under its own prefix. */
export function nestedState(parts: Readonly<Record<string, Loss>>): State {
  const entries = Object.entries(parts).flatMap(([prefix, loss]) =>
    Object.entries(loss.stateDict()).map(([key, value]) => [`${prefix}.${key}`, value] as const),
  );
  return Object.fromEntries(entries);
}

/** Loads the state of each part and returns the entries that belong to none. */
export function loadNestedState(parts: Readonly<Record<string, Loss>>, state: State): State {
  const rest = { ...state };
  for (const [prefix, loss] of Object.entries(parts)) {
    const own = Object.keys(rest).filter((key) => key.startsWith(`${prefix}.`));
    if (own.length === 0) continue;
    loss.loadStateDict(Object.fromEntries(own.map((key) => [key.slice(prefix.length + 1), rest[key] as Tensor])));
    for (const key of own) delete rest[key];
  }
  return rest;
}
