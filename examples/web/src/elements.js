// The elements of index.html.

/** An element by its id. */
export const byId = (id) => document.getElementById(id);

/** The controls of the settings by name: groups of choices and single fields, all with a `value`. */
export const form = byId("settings").elements;

/** Shows or hides elements. */
export function show(ids, visible) {
  for (const id of ids) byId(id).hidden = !visible;
}
