// The text of docs/evidence.md.
import { explained } from "./measures.mjs";
import { mean } from "./rows.mjs";

const db = (value) => (value === undefined ? "-" : value.toFixed(2));
const signed = (value) => (value < 0 ? value.toFixed(2) : `+${value.toFixed(2)}`);

function claim({ paper, closed, gap, reached }) {
  if (reached === undefined) return "";
  const verdict = reached ? "reached" : "not reached";
  return paper.closes === undefined
    ? `within ${paper.within} dB: ${verdict} (${gap.toFixed(2)})`
    : `closes ${100 * paper.closes} % of the gap from "${paper.from}": ${verdict} (${(100 * closed).toFixed(0)} %)`;
}

function difference({ adjoint, deepinv, spreadOfDifference }) {
  if (deepinv === undefined) return "";
  return signed(adjoint - deepinv) + (spreadOfDifference === undefined ? "" : ` ± ${db(spreadOfDifference)}`);
}

function tableOf(rows) {
  const head = ["loss", "adjoint", "deepinv", "difference", "below supervised", "its paper", "seconds"];
  const lines = rows.map((row) => [
    row.loss,
    `${db(row.adjoint)} (${row.ssimAdjoint.toFixed(3)})`,
    row.deepinv === undefined
      ? row.only
        ? (row.there ?? "has none")
        : "not run"
      : `${db(row.deepinv)} (${row.ssimDeepinv.toFixed(3)})`,
    difference(row),
    row.gap === undefined ? "" : db(row.gap),
    claim(row),
    row.secondsDeepinv === undefined
      ? row.secondsAdjoint.toFixed(1)
      : `${row.secondsAdjoint.toFixed(1)} / ${row.secondsDeepinv.toFixed(1)}`,
  ]);
  return [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** One table of the further measures of a task, adjoint / deepinv. */
function measuresOf({ measures }, rows) {
  if (measures === undefined) return "";
  const head = ["loss", ...measures];
  const value = (row, name) =>
    [row.measuresAdjoint, row.measuresDeepinv].flatMap((of) => (of ? [of[name].toFixed(2)] : [])).join(" / ");
  const lines = rows.map((row) => [row.loss, ...measures.map((name) => value(row, name))]);
  const table = [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  const words = measures.map((name) => `- ${name}: ${explained[name]}`);
  return `\n\nAdjoint / deepinv, means over seeds:\n\n${words.join("\n")}\n\n${table}`;
}

/** What the rows say together. */
function verdicts(rows) {
  const compared = rows.filter(({ deepinv }) => deepinv !== undefined);
  if (compared.length === 0) return ["deepinv was not there to compare with."];
  const below = compared.filter(({ adjoint, deepinv }) => adjoint < deepinv - 0.3);
  const ratio = (list) => Math.exp(mean(list.map((row) => Math.log(row.secondsDeepinv / row.secondsAdjoint))));
  const claims = rows.filter(({ reached }) => reached !== undefined);
  const name = ({ task, loss }) => `${task}: ${loss}`;
  return [
    `Of ${compared.length} rows that deepinv has too, adjoint is more than 0.3 dB below it in ${below.length}` +
      `${below.length > 0 ? ` (${below.map((row) => `${name(row)} ${difference(row)}`).join("; ")})` : ""}.`,
    `deepinv takes ${ratio(compared).toFixed(1)} times the processor time of adjoint (geometric mean of the rows; ` +
      `least ${Math.min(...compared.map((row) => ratio([row]))).toFixed(1)}, ` +
      `most ${Math.max(...compared.map((row) => ratio([row]))).toFixed(1)}).`,
    `Of ${claims.length} claims of papers ${claims.filter(({ reached }) => reached).length} are reached within this ` +
      "budget.",
  ];
}

/** The text of docs/evidence.md. */
export function documentOf({ tasks, rows, settings, notes }) {
  const sections = tasks.flatMap((task) => {
    const own = rows.filter(({ task: id }) => id === task.id);
    if (own.length === 0) return [];
    const start = task.network.start === "fbp" ? "Untrained, which is filtered back-projection" : "Untrained";
    const note = notes[task.id] ? `\n\n${notes[task.id]}` : "";
    const tables = `${tableOf(own)}${measuresOf(task, own)}`;
    const fewer = own[0].seeds < settings.seeds ? ` Seeds: ${own[0].seeds}.` : "";
    const steps = own[0].steps !== settings.steps ? ` Steps: ${own[0].steps}.` : "";
    return `## ${task.title}\n\n${start}: ${db(own[0].untrained)} dB.${fewer}${steps}\n\n${tables}${note}`;
  });
  const { learningRate, batch, seeds } = settings;
  const compared = settings.deepinv ? `deepinv ${settings.deepinv}` : "deepinv (not found where this was made)";
  return `# Evidence: the methods of the papers

Made by \`npm run evidence\`. Each loss trains a network, all but those named supervised without ground truth, here
and with ${compared}: the same images, measurements (made once, read by both), initial
weights, batches, optimiser (Adam, learning rate ${learningRate}, cosine schedule),
${settings.steps} steps of ${batch} images and ${seeds} seeds where a task does not say another number, each seed
with its own images, noise and weights. The random
draws within a loss are each library's own. PSNR in dB and, in parentheses, SSIM, means over test images and seeds,
computed by adjoint for both; after ± the standard deviation of the difference over the seeds. The seconds are processor
time of a training with one thread, adjoint / deepinv; its way of copying an operator, 0.18 s at each step of MOI, MOEI
and Phase2Phase, is replaced by one that takes no time.

**The budget is small** (seconds to some minutes a training, a network of about 7,000 weights), so that anyone can
repeat it: the levels are below those of the papers, and only what is in the same table can be compared. "Its paper" is
what the authors report in comparison with supervised training, with their networks and data.

${verdicts(rows)
  .map((line) => `- ${line}`)
  .join("\n")}

${sections.join("\n\n")}

## Pictures

![For each task a test image, untrained, after each loss, and the ground truth](images/evidence.png)

One line for each task, in the order above: a test image untrained, after each loss in the order of its table, and the
ground truth last. The numbers of this page are in [evidence.json](evidence.json).

Machine: ${settings.machine}; other programs were running; ${settings.day}.
`;
}
