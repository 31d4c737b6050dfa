import {
  type ByteSource,
  decodeElements,
  isLegacyTorch,
  readHead,
  readRange,
  readTorch,
  type WeightArray,
} from "../formats/index.js";
import { ArgumentError, checkNumber, checkOptions, FormatError, shown } from "../runtime/index.js";
import { type DType, freeOnError, type Tensor, tensor } from "../tensor/index.js";
import { elementTypes, parseHeader } from "./safetensors-header.js";
import { type FileSource, withSource } from "./source.js";

/** Options of {@link readWeights}. */
export interface ReadWeightsOptions {
  /** The entry of a checkpoint that holds the weights. Default: found by itself. */
  readonly key?: string;
  /**
   * What all names begin with and is taken away, such as `"net."`; `""` keeps the names. Default: `module.`,
   * `_orig_mod.` and `model.`, as often as all names begin with one.
   */
  readonly prefix?: string;
  /** Element type of the tensors. Default: float64 for float64 and float32 for all others. */
  readonly dtype?: DType;
  /** Bytes of all tensors together. Default: 4 GiB. */
  readonly maxBytes?: number;
}

/**
 * Reads the weights of a network: a safetensors file, or one that PyTorch's `torch.save` wrote (.pth, .pt, .ckpt,
 * .pth.tar; since PyTorch 1.6 a zip archive, before it a sequence of pickles). The content decides, not the name.
 *
 * In a checkpoint the state dict is the entry `state_dict`, `model`, `params` or similar. Nothing of the file is
 * executed: classes and functions beyond those of tensors and plain containers are refused by name. 16-bit floats are
 * converted exactly, integers are rounded to the element type, complex tensors get a last axis of 2.
 *
 * @param file A path or address (http, https); a `File` or `Blob`; or the bytes.
 * @returns Tensors by name, for {@link Module.loadStateDict}.
 * @throws ArgumentError `file_not_found`, `file_unreadable`, `missing_key`, `unknown_option`, `invalid_argument`;
 * FormatError `safetensors_...`, `file_invalid`, `file_truncated`, `file_unsupported`, `file_too_large`,
 * `weights_missing` where the file holds no state dict, `file_unknown` where it is something else.
 *
 * @example
 * model.loadStateDict(await readWeights("checkpoint.pth.tar"));
 */
export async function readWeights(file: FileSource, options: ReadWeightsOptions = {}): Promise<Record<string, Tensor>> {
  const arrays = await readWeightArrays(file, options);
  const tensors: Record<string, Tensor> = {};
  const prefix = options.prefix ?? wrapperPrefix([...arrays.keys()]);
  const [other] = [...arrays.keys()].filter((name) => name !== AVERAGED && !name.startsWith(prefix));
  if (other !== undefined) {
    throw new ArgumentError(
      `readWeights: prefix is ${shown(prefix)}, but ${other} does not begin with it; expected what all names begin ` +
        "with.",
      "missing_key",
    );
  }
  freeOnError(() => {
    for (const [name, { data, shape, type }] of arrays) {
      if (!Number.isSafeInteger(shape.reduce((product, size) => product * Math.max(1, size), 1))) {
        throw new FormatError(
          `readWeights: ${name} has shape [${shape.join(", ")}]: no tensor is that large.`,
          "file_invalid",
        );
      }
      const dtype = options.dtype ?? (type === "float64" || type === "complex128" ? "float64" : "float32");
      const short = name.startsWith(prefix) ? name.slice(prefix.length) : name;
      // An assignment would set the prototype for a tensor named "__proto__".
      Object.defineProperty(tensors, short, {
        value: tensor(data, { shape: [...shape], dtype }),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
  });
  return tensors;
}

/** The arrays of {@link readWeights} with the element types of the file, under the names that the file has. */
export async function readWeightArrays(
  file: FileSource,
  options: ReadWeightsOptions = {},
): Promise<ReadonlyMap<string, WeightArray>> {
  checkOptions("readWeights", options, ["key", "prefix", "dtype", "maxBytes"]);
  const maxBytes = checkNumber("readWeights", "maxBytes", options.maxBytes ?? 2 ** 32, { positive: true });
  return await withSource("readWeights", file, async (source) => {
    const head = await readHead(source, 16);
    if (isSafetensors(head, source.size)) return await readSafe(source, options.key);
    if (isLegacyTorch(head) || isZip(head)) return await readTorch(source, { key: options.key, maxBytes });
    throw new FormatError(`${unknownKind(head)}; expected a safetensors file or one of torch.save.`, "file_unknown");
  });
}

async function readSafe(source: ByteSource, key: string | undefined): Promise<Map<string, WeightArray>> {
  if (key !== undefined) {
    const text = `key is ${shown(key)}, but a safetensors file has one set of weights; leave key out.`;
    throw new ArgumentError(text, "missing_key");
  }
  const bytes = await readRange(source, 0, source.size, "safetensors");
  const { entries, dataStart } = parseHeader(bytes);
  return new Map(
    entries.map(({ name, dtype, shape, begin, end }) => {
      const type = elementTypes[dtype];
      return [name, { data: decodeElements(bytes.subarray(dataStart + begin, dataStart + end), type), shape, type }];
    }),
  );
}

/** Eight bytes of length, then a JSON object. */
function isSafetensors(head: Uint8Array, size: number): boolean {
  return head[8] === 0x7b && size > 8;
}

function isZip(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b;
}

/** What a file that holds no weights begins like. */
function unknownKind(head: Uint8Array): string {
  const start = String.fromCharCode(...head);
  if (start.startsWith("\x89HDF")) return "this is an HDF5 file, such as those of Keras";
  if (start.startsWith("GGUF")) return "this is a GGUF file";
  if (start.startsWith("\x93NUMPY")) return "this is a NumPy array; read it with readArray";
  if (head[0] === 0x80) return "this is a pickle, but not one of torch.save";
  if (/ustar|\.\/|^[\w-]+\0/.test(start) || head[0] === 0x1f) {
    return "this is an archive, or a file of PyTorch before 0.4; save it again with a current PyTorch";
  }
  return head.length === 0 ? "the file is empty" : "the format is not known";
}

/** The count of an AveragedModel, which stands beside the weights of its `module`. */
const AVERAGED = "n_averaged";

/** What wraps models: `DataParallel`, `torch.compile`, and modules of training libraries with a field `model`. */
const wrappers = ["module.", "_orig_mod.", "model."];

/** The prefix of all names that comes from wrappers; the empty string where there is none. */
function wrapperPrefix(names: readonly string[]): string {
  const weights = names.filter((name) => name !== AVERAGED);
  let prefix = "";
  while (weights.length > 0) {
    const next = wrappers.find((wrapper) => weights.every((name) => isWrapped(name.slice(prefix.length), wrapper)));
    if (next === undefined) break;
    prefix += next;
  }
  return prefix;
}

function isWrapped(name: string, wrapper: string): boolean {
  if (!name.startsWith(wrapper) || name.length === wrapper.length) return false;
  // Networks of the library whose one part is a sequence called "model" have names such as model.0.weight.
  return wrapper !== "model." || !/^\d/.test(name.slice(wrapper.length));
}
