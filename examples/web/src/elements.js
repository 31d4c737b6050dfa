// The elements of index.html.

/** An element by its id. */
export const byId = (id) => document.getElementById(id);

/** The controls of the settings, by id. */
export const form = Object.fromEntries(
  ["task", "blur", "size", "angle", "noise", "level", "estimate", "loss", "effort", "device"].map((id) => [
    id,
    byId(id),
  ]),
);

/** Shows or hides elements. */
export function show(ids, visible) {
  for (const id of ids) byId(id).hidden = !visible;
}
