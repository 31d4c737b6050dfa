/** Text for people: durations, markup. Internal; not part of the package's exports. */
export { formatDuration } from "./duration.js";
export { escapeMarkup } from "./markup.js";
