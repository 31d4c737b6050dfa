// The report of `npm run gpu-check`, in Markdown.
import { NOT_REACHED } from "./device-tests.mjs";
import { rows } from "./rows.mjs";

const table = (head, body) =>
  [head, head.map(() => "---"), ...body].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
const inCell = (text) => text.replaceAll("|", "/").replaceAll("\n", " ");

/** Three significant digits. */
const digits = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

function testRow({ name, available, detail, kind }, tests = {}, ended) {
  const all = Object.entries(tests);
  const passed = all.filter(([, wrong]) => wrong === null).length;
  const open = all.filter(([, wrong]) => wrong === NOT_REACHED).length;
  const device = `${name}${available ? `: ${inCell(detail)}${kind ? ` (${kind})` : ""}` : ""}`;
  if (!available) return [device, `absent: ${inCell(detail)}`, "", ""];
  return [
    device,
    `${passed} passed`,
    `${all.length - passed - open} failed`,
    `${open} not reached${ended ? `: ${inCell(ended)}` : ""}`,
  ];
}

/** What failed, a line each. */
function failures(tests) {
  return Object.entries(tests).flatMap(([device, results]) =>
    Object.entries(results)
      .filter(([, wrong]) => wrong !== null && wrong !== NOT_REACHED)
      .map(([name, wrong]) => `- ${device}, ${name}: ${inCell(wrong)}`),
  );
}

/** A cell: median milliseconds, the ratio to PyTorch's (with TF32 where operands are rounded), memory, launches. */
function cell(result, peer) {
  if (!result) return "-";
  if (result.failed) return `failed: ${inCell(result.failed)}`;
  const ratio =
    peer && peer !== result && peer.median && !result.small
      ? `, ${digits(result.median / peer.median)} of PyTorch`
      : "";
  const memory = result.memory === undefined ? "" : `, ${result.memory} MiB`;
  const launches = Object.values(result.kernels ?? {}).reduce((sum, count) => sum + count, 0);
  return `${digits(result.median)} ms${ratio}${memory}${launches > 0 ? `, ${launches} launches` : ""}`;
}

/** How often the first row that was timed launches each kernel, a column for each of the sides that count it. */
function kernelTable(sides, times) {
  const row = rows.find(({ name }) => sides.some(({ key }) => times[key][name]?.kernels));
  const counted = sides.filter(({ key }) => Object.keys(times[key][row?.name]?.kernels ?? {}).length > 0);
  if (counted.length === 0) return [];
  const of = ({ key }) => times[key][row.name].kernels;
  const names = [...new Set(counted.flatMap((side) => Object.keys(of(side))))];
  const most = (name) => Math.max(...counted.map((side) => of(side)[name] ?? 0));
  const head = [
    `kernels of a ${counted[0].small ? row.smallLabel : row.label}, and launches`,
    ...counted.map(({ key }) => key),
  ];
  names.sort((a, b) => most(b) - most(a));
  return [
    table(
      head,
      names.map((name) => [inCell(name), ...counted.map((side) => String(of(side)[name] ?? 0))]),
    ),
    "",
  ];
}

/** Launches of operators with those of their gradients, and tensors that they send, a row each; devices as columns. */
function countTable(counts) {
  const devices = Object.keys(counts).filter((device) => counts[device]);
  if (devices.length === 0) return [];
  const cellOf = ({ forward, backward, uploads } = {}) =>
    forward === undefined ? "-" : `${forward} + ${backward}${uploads > 0 ? `, ${uploads} sent` : ""}`;
  const names = Object.keys(counts[devices[0]]);
  const head = ["launches of a value and of its gradient, tensors sent for them", ...devices];
  return [
    table(
      head,
      names.map((name) => [name, ...devices.map((device) => cellOf(counts[device][name]))]),
    ),
    "",
  ];
}

/** The report of the results; `sides` in the order of the columns. */
export function report({ build, card, devices, tests, ended = {}, times, counts = {} }, sides) {
  const measured = sides.filter(({ key }) => Object.keys(times[key] ?? {}).length > 0);
  const small = measured.filter((side) => side.small).map(({ key }) => key);
  const peerOf = (key) => times[/TF32|bf16|f16/.test(key) ? "PyTorch, TF32" : "PyTorch"] ?? {};
  // A row of a table is of one size; sides of two sizes get a row each.
  const sizes = [false, true].filter((isSmall) => measured.some((side) => side.small === isSmall));
  const body = sizes.flatMap((isSmall) =>
    rows.map((row) => [
      isSmall ? row.smallLabel : row.label,
      ...measured.map(({ key, small: other }) =>
        other === isSmall ? cell(times[key][row.name], peerOf(key)[row.name]) : "",
      ),
    ]),
  );
  const failed = failures(tests);
  return [
    `adjoint ${build}`,
    ...(card ? [`nvidia-smi: ${card}`] : []),
    "",
    table(
      ["device", "tests", "", ""],
      devices.map((device) => testRow(device, tests[device.name], ended[device.name])),
    ),
    ...(failed.length > 0 ? ["", ...failed] : []),
    "",
    ...(small.length > 0 ? [`Reduced sizes on ${small.join(", ")}: the device computes in software.`, ""] : []),
    table(["median of a step", ...measured.map(({ key }) => key)], body),
    "",
    ...kernelTable(measured, times),
    ...countTable(counts),
  ].join("\n");
}
