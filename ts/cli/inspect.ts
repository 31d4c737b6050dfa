import type { Command } from "commander";
import { detectFormat, elementSize, isLegacyTorch } from "../formats/index.js";
import { readArray, readPixels, readWeightArrays } from "../io/index.js";
import { FormatError } from "../runtime/index.js";
import { type CommandResult, type CommonOptions, runCommand, withCommonOptions } from "./command.js";
import { UsageError } from "./errors.js";
import { headOf } from "./head.js";
import { textTable } from "../text/index.js";
import { metadataByContent } from "./weights-metadata.js";

interface InspectOptions extends CommonOptions {
  readonly key?: string;
  readonly dataset?: string;
}

/** `adjoint inspect`: what a file holds. */
export function addInspect(program: Command): void {
  const command = program
    .command("inspect <file>")
    .description("list what a file of weights, a picture or an array holds: names, shapes, element types, sizes")
    .option("--key <name>", "the entry of a checkpoint that holds the weights (default: found by itself)")
    .option("--dataset <name>", "which array of several (.npz, HDF5, FITS, Zarr)");
  withCommonOptions(command).action(async (file: string, options: InspectOptions) => {
    await runCommand(options, (checked) => inspect(file, checked));
  });
}

async function inspect(file: string, { key, dataset }: InspectOptions): Promise<CommandResult> {
  const head = await headOf(file);
  const kind = head === undefined ? "array" : kindOf(head);
  for (const [option, value, kinds] of [
    ["--key", key, "weights or zip"],
    ["--dataset", dataset, "array or zip"],
  ] as const) {
    if (value === undefined || kinds.includes(kind)) continue;
    const text = `${option} is ${value}, but ${file} holds ${WHAT[kind]}; leave it out.`;
    throw new UsageError(text, "invalid_argument");
  }
  if (kind === "weights") return await inspectWeights(file, key).catch((error: unknown) => refuse(file, error));
  if (kind === "image") return await inspectImage(file);
  if (kind !== "zip") return await inspectArray(file, dataset);
  try {
    return await inspectWeights(file, key);
  } catch (error) {
    // A zip archive is one of torch.save or of NumPy.
    if (!(error instanceof FormatError) || error.code !== "file_unsupported") throw error;
    return await inspectArray(file, dataset).catch((other: unknown) => {
      throw other instanceof FormatError && other.code === "file_unknown" ? error : other;
    });
  }
}

/** Each kind in words. */
const WHAT = { weights: "weights", image: "a picture", zip: "an archive", array: "an array" } as const;

/** Of a file of no known kind the reader of weights would only say that it expected weights. */
function refuse(file: string, error: unknown): never {
  const [what] =
    error instanceof FormatError ? (/the file is empty|the format is not known/.exec(error.message) ?? []) : [];
  if (what === undefined) throw error;
  const expected = "expected weights (.safetensors, .pth), a picture or an array (docs/files.md)";
  throw new FormatError(`${file}: ${what}; ${expected}.`, "file_unknown", { cause: error });
}

function kindOf(head: Uint8Array): "weights" | "image" | "zip" | "array" {
  const format = detectFormat(head);
  if (format?.id === "zip") return "zip";
  // What is unknown is read as weights, whose reader says what it may be.
  if (format === undefined || format.kind === "weights" || isLegacyTorch(head)) return "weights";
  return format.kind === "image" ? "image" : "array";
}

async function inspectWeights(file: string, key: string | undefined): Promise<CommandResult> {
  const arrays = await readWeightArrays(file, key === undefined ? {} : { key });
  const tensors = [...arrays].map(([name, { data, shape, type }]) => {
    const numbers = data.length / (type.startsWith("complex") ? 2 : 1);
    return { name, shape, dtype: type, numbers, bytes: numbers * elementSize[type] };
  });
  const numbers = tensors.reduce((sum, tensor) => sum + tensor.numbers, 0);
  const bytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
  const metadata = await metadataByContent(file);
  const rows = tensors.map((tensor) => [
    tensor.name,
    `[${tensor.shape.join(", ")}]`,
    tensor.dtype,
    byteText(tensor.bytes),
  ]);
  const texts = Object.entries(metadata).map(([name, text]) => `${name}: ${shortened(text)}`);
  return {
    text: [
      textTable([["tensor", "shape", "type", "size"], ...rows]),
      `\n${tensors.length} tensors, ${numbers.toLocaleString("en")} numbers, ${byteText(bytes)}`,
      ...texts,
    ].join("\n"),
    json: { file, kind: "weights", tensors, numbers, bytes, metadata },
  };
}

async function inspectImage(file: string): Promise<CommandResult> {
  const { shape, sample, pages, scale, data, metadata } = await readPixels(file, { scale: "none" });
  const [smallest, largest] = range(data);
  const [channels, height, width] = shape;
  const rows = [
    ["size", `${width} x ${height}`],
    ["channels", String(channels)],
    ["pages", String(pages)],
    ["sample type", sample],
    ["values", `${rangeText(smallest, largest)}${pages > 1 ? " (first page)" : ""}`],
  ];
  return {
    text: rows.map(([name = "", value = ""]) => `${name.padEnd(12)} ${value}`).join("\n"),
    json: { file, kind: "image", shape, sample, pages, scale, smallest, largest, metadata },
  };
}

async function inspectArray(file: string, dataset: string | undefined): Promise<CommandResult> {
  const { shape, dtype, axes, spacing, data, metadata } = await readArray(
    file,
    dataset === undefined ? {} : { dataset },
  );
  const [smallest, largest] = range(data);
  const rows = [
    ["shape", `[${shape.join(", ")}]`],
    ["type", dtype],
    ["values", rangeText(smallest, largest)],
    ...(axes === undefined ? [] : [["axes", String(axes)]]),
    ...(spacing === undefined ? [] : [["spacing", spacing.join(", ")]]),
  ];
  return {
    text: rows.map(([name = "", value = ""]) => `${name.padEnd(12)} ${value}`).join("\n"),
    json: { file, kind: "array", shape, dtype, axes, spacing, smallest, largest, metadata },
  };
}

/** The smallest and the largest value; NaN is left out, `null` where nothing is left. */
function range(data: ArrayLike<number>): [number, number] | [null, null] {
  let [smallest, largest] = [Infinity, -Infinity];
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (value < smallest) smallest = value;
    if (value > largest) largest = value;
  }
  return smallest <= largest ? [smallest, largest] : [null, null];
}

function rangeText(smallest: number | null, largest: number | null): string {
  return smallest === null ? "none, or none that is a number" : `${smallest} to ${largest}`;
}

function shortened(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)} ... (${text.length} characters)`;
}

/** A size in bytes for people. */
export function byteText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  return power === 0 ? `${bytes} B` : `${(bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
}
