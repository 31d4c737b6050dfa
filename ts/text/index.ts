/** Text for people: durations, markup, progress bars. Internal; not part of the package's exports. */
export { formatDuration } from "./duration.js";
export { escapeMarkup } from "./markup.js";
export { type ProgressBar, progressBar } from "./progress-bar.js";
