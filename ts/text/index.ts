/** Text for people: durations, markup, tables, progress bars. Internal; not part of the package's exports. */
export { formatDuration } from "./duration.js";
export { escapeMarkup } from "./markup.js";
export { textTable } from "./table.js";
export { type ProgressBar, progressBar } from "./progress-bar.js";
