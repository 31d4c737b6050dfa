/** What the examples need of node:path, in a page. */
export const join = (...parts) => parts.join("/");
