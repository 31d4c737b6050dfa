import type { ElementType } from "./elements.js";
import { invalid, unsupported } from "./fail.js";
import { PickleGlobal, type PickleNames, PickleObject, type PickleValue } from "./pickle.js";
import { elementCount, span } from "./strided.js";

const FORMAT = "PyTorch";

/** Numbers that one or several tensors view. */
export class Storage extends PickleObject {
  /** The name of its bytes in the file. */
  readonly key: string;
  /** `undefined` where the tensors say how the bytes are to be read. */
  readonly type: ElementType | undefined;
  /** Elements, or bytes where there is no type. */
  readonly size: number;

  constructor(key: string, type: ElementType | undefined, size: number) {
    super();
    this.key = key;
    this.type = type;
    this.size = size;
  }
}

/** A tensor of the file: a strided view of a storage. */
export class TensorView extends PickleObject {
  readonly storage: Storage;
  readonly type: ElementType;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  /** What PyTorch has put off when the tensor was saved: values are to be conjugated, or their signs changed. */
  readonly pending: PendingSigns;

  constructor(
    storage: Storage,
    type: ElementType,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
    pending: PendingSigns,
  ) {
    super();
    this.storage = storage;
    this.type = type;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
    this.pending = pending;
  }
}

/** The bits of PyTorch's lazy `conj()` and of the `imag` of its result. */
export interface PendingSigns {
  readonly conjugate: boolean;
  readonly negative: boolean;
}

/** A value that cannot be part of a state dict, such as a NumPy scalar in a log. */
class Other extends PickleObject {}

/** A class of storages, or an element type. */
class TypeName extends PickleGlobal {
  readonly type: ElementType | undefined;

  constructor(name: string, type: ElementType | undefined) {
    super(name);
    this.type = type;
  }
}

const storageTypes: Readonly<Record<string, ElementType>> = {
  FloatStorage: "float32",
  DoubleStorage: "float64",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
  ComplexFloatStorage: "complex64",
  ComplexDoubleStorage: "complex128",
};

// biome-ignore format: one table
const elementTypes: readonly ElementType[] = [
  "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "bfloat16", "float32",
  "float64", "complex64", "complex128",
];

type Call = (args: readonly PickleValue[]) => PickleValue;

const dictionary: Call = ([pairs]) => {
  if (pairs instanceof Map) return new Map(pairs);
  const map = new Map<PickleValue, PickleValue>();
  for (const pair of Array.isArray(pairs) ? pairs : []) {
    if (!Array.isArray(pair) || pair.length !== 2) throw invalid(FORMAT, "a dictionary is made of what are not pairs");
    map.set(pair[0] as PickleValue, pair[1] as PickleValue);
  }
  return map;
};
const list: Call = ([items]) => (Array.isArray(items) ? [...items] : []);
const other: Call = () => new Other();

/**
 * `_rebuild_tensor(storage, offset, size, stride)`; version 2 has further arguments and, where signs are pending, a
 * dictionary of them as the 7th, version 3 the element type as the 7th and the dictionary as the 8th.
 */
const rebuildTensor: Call = ([storage, offset, shape, strides, , , dtype, metadata]) => {
  const type = dtype instanceof TypeName ? dtype.type : storage instanceof Storage ? storage.type : undefined;
  if (!(storage instanceof Storage) || type === undefined || !isSizes(shape) || !isSizes(strides)) {
    throw invalid(FORMAT, "a tensor has no valid storage, shape or strides");
  }
  if (!isSizes([offset as PickleValue]) || shape.length !== strides.length) {
    throw invalid(FORMAT, "a tensor has no valid offset or strides");
  }
  const signs = dtype instanceof Map ? dtype : metadata;
  const isPending = (name: string): boolean => signs instanceof Map && signs.get(name) === true;
  const pending = { conjugate: isPending("conj"), negative: isPending("neg") };
  const view = new TensorView(storage, type, offset as number, shape, strides, pending);
  const [, last] = span(view);
  const bytes = storage.type === undefined ? undefined : storage.size;
  if (bytes !== undefined && elementCount(shape) > 0 && last >= bytes) {
    throw invalid(FORMAT, `a tensor of shape [${shape.join(", ")}] is outside of its storage of ${bytes} elements`);
  }
  return view;
};

function isSizes(value: PickleValue | undefined): value is number[] {
  return (
    Array.isArray(value) &&
    value.length <= 64 &&
    value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0)
  );
}

const calls: Readonly<Record<string, Call | undefined>> = {
  "collections.OrderedDict": dictionary,
  "collections.Counter": dictionary,
  "collections.defaultdict": ([, pairs = []]) => dictionary([pairs]),
  "torch._utils._rebuild_tensor": rebuildTensor,
  "torch._utils._rebuild_tensor_v2": rebuildTensor,
  "torch._utils._rebuild_tensor_v3": rebuildTensor,
  "torch._utils._rebuild_parameter": ([data = null]) => data,
  "torch._utils._rebuild_parameter_with_state": ([data = null]) => data,
  "torch.Size": list,
  "torch.device": other,
  "torch.serialization._get_layout": other,
  "argparse.Namespace": dictionary,
  "lightning_fabric.utilities.data.AttributeDict": dictionary,
  "lightning.fabric.utilities.data.AttributeDict": dictionary,
  "pytorch_lightning.utilities.parsing.AttributeDict": dictionary,
  "pathlib.Path": other,
  "pathlib.PosixPath": other,
  "pathlib.WindowsPath": other,
  "pathlib.PurePosixPath": other,
  "pathlib._local.PosixPath": other,
  "pathlib._local.WindowsPath": other,
  "datetime.datetime": other,
  "datetime.timedelta": other,
  "_codecs.encode": other,
  "numpy.dtype": other,
  "numpy.ndarray": other,
};
for (const module of ["__builtin__", "builtins"]) {
  for (const name of ["set", "frozenset", "list", "tuple"]) Object.assign(calls, { [`${module}.${name}`]: list });
  Object.assign(calls, {
    [`${module}.dict`]: dictionary,
    [`${module}.bytearray`]: other,
    [`${module}.complex`]: other,
  });
  // Factories of defaultdict, which are named but not called.
  for (const name of ["int", "float", "str", "bool"]) Object.assign(calls, { [`${module}.${name}`]: other });
}
for (const module of ["numpy.core.multiarray", "numpy._core.multiarray"]) {
  Object.assign(calls, { [`${module}.scalar`]: other, [`${module}._reconstruct`]: other });
}

function namedGlobal(name: string): PickleGlobal | undefined {
  const known = Object.hasOwn(calls, name) ? calls[name] : undefined;
  if (known !== undefined) return new PickleGlobal(name, known);
  const [, short = ""] = /^torch\.(?:storage\.)?(\w+)$/.exec(name) ?? [];
  if (short === "UntypedStorage") return new TypeName(name, undefined);
  if (Object.hasOwn(storageTypes, short)) return new TypeName(name, storageTypes[short]);
  const type = elementTypes.find((element) => element === short);
  if (type !== undefined) return new TypeName(name, type);
  if (/^(?:float[48]_\w+|complex32|bits\d+|q?u?int\d+\w*|\w+Storage)$/.test(short))
    throw unsupported(FORMAT, `tensors of the element type ${short} are not read; save them as float: tensor.float()`);
  // NumPy's classes of element types, such as numpy.dtypes.Float64DType.
  return /^numpy\.dtypes\.\w+DType$/.test(name) ? new PickleGlobal(name, other) : undefined;
}

/** What the pickles of `torch.save` may name: containers, tensors, storages, and plain values of logs. */
export const torchNames: PickleNames = {
  global: namedGlobal,
  persistent(id) {
    const [kind, type, key, , size] = Array.isArray(id) ? id : [];
    if (
      kind !== "storage" ||
      !(type instanceof TypeName) ||
      typeof key !== "string" ||
      !isSizes([size as PickleValue])
    ) {
      throw invalid(FORMAT, "a storage is not described as PyTorch does");
    }
    const view = (id as PickleValue[])[5];
    if (view !== undefined && view !== null) throw unsupported(FORMAT, "a storage that is a view of another");
    return new Storage(key, type.type, size as number);
  },
  build(target, state) {
    if (target instanceof Map && state instanceof Map) {
      // An OrderedDict's state holds attributes such as `_metadata`; a Namespace is nothing but its state.
      if (target.size === 0) for (const [name, value] of state) if (name !== "_metadata") target.set(name, value);
      return;
    }
    if (target instanceof Other || target instanceof TensorView) return;
    throw invalid(FORMAT, "a state is given to what has none");
  },
};
