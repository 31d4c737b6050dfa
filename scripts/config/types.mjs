// From the types of TypeScript to what a configuration may write: the option types of ts/cli/option-type.ts.
import { SymbolFlags, TypeFlags } from "typescript/unstable/sync";
import { Failure } from "../common.mjs";
import { defaultText, defaultValue, firstSentence } from "../doc-comments.mjs";

/** What a file is besides its path: data that a program has in memory. */
const IN_MEMORY = ["ArrayBuffer", "Blob", "File", "Uint8Array", "URL"];

/** Options that are the paths of files or folders. */
const PATHS = new Set(["path", "folder", "train", "eval", "weights", "out"]);

/** Interfaces of networks; what is only a layer may stand where `Layer` is asked for. */
const NETWORKS = ["Denoiser", "ImageNetwork", "Layer", "Module", "Reconstructor"];
export const anyLayer = { either: [{ kind: "model" }, { kind: "layer" }] };
const network = (name) => (name === "Layer" ? anyLayer : { kind: "model" });

/**
 * Reads types. `kindOf(symbol)` gives the kind of object that a class or interface stands for, with the names of its
 * classes where these are not all of that kind: `{ kind, names? }`.
 */
export function typeReader(checker, kindOf) {
  /** The type of an option, or undefined where JSON cannot express it (functions, random streams). */
  function read(type, where, name) {
    const alias = type.getAliasSymbol()?.name;
    if (alias === "NestedLosses") return { nested: { kind: "loss" } };
    if (alias === "Pick") return read(type.getAliasTypeArguments()[0], where, name);
    if (NETWORKS.includes(alias)) return network(alias);
    const { flags } = type;
    if (flags & TypeFlags.TypeParameter) return read(checker.getBaseConstraintOfType(type), where, name);
    if (flags & TypeFlags.Boolean) return "boolean";
    if (flags & (TypeFlags.Undefined | TypeFlags.Void)) return undefined;
    if (type.isUnionType()) return readUnion(type.getTypes(), where, name);
    if (flags & TypeFlags.Null) return "null";
    if (flags & TypeFlags.Literal) return flags & TypeFlags.BooleanLiteral ? "boolean" : { words: [type.value] };
    // A card of several by its number: configurations name the others; the command has --device.
    if (flags & TypeFlags.TemplateLiteral) return undefined;
    if (flags & TypeFlags.Number) return "number";
    if (flags & TypeFlags.String) return PATHS.has(name) ? "path" : "string";
    if (type.isIntersectionType()) return { kind: "model" };
    if (type.isTypeReference() && type.getTarget().isTupleType()) return readTuple(type, where, name);
    if (checker.isArrayLikeType(type)) return listOf(checker.getTypeArguments(type).at(0), where, name);
    return readObject(type, where, name);
  }

  function listOf(element, where, name) {
    const of = read(element, where, name);
    return of === undefined ? undefined : { list: of };
  }

  /** A tuple of a fixed length, or a list where its length is open. */
  function readTuple(type, where, name) {
    const parts = checker.getTypeArguments(type).map((part) => read(part, where, name));
    if (parts.includes(undefined)) return undefined;
    return type.getTarget().fixedLength === parts.length ? { tuple: parts } : { list: merge(parts) };
  }

  function readUnion(types, where, name) {
    const parts = types.map((part) => read(part, where, name)).filter((part) => part !== undefined);
    return parts.length === 0 ? undefined : merge(parts);
  }

  function readObject(type, where, name) {
    const symbol = type.getSymbol();
    if (symbol?.name === "Tensor") return "tensor";
    if (IN_MEMORY.includes(symbol?.name)) return undefined;
    if (symbol?.name === "RandomSource" || checker.getSignaturesOfType(type, 0).length > 0) return undefined;
    if (NETWORKS.includes(symbol?.name)) return network(symbol.name);
    if (symbol?.name === "WeightedLoss") return { weighted: { kind: "loss" } };
    const kind = symbol && kindOf(symbol, type);
    if (kind) return kind;
    const [index] = checker.getIndexInfosOfType(type);
    if (index) {
      const of = read(index.valueType, where, name);
      return of === undefined ? undefined : { table: of };
    }
    const fields = readFields(type, where);
    if (Object.keys(fields).length === 0)
      throw new Failure(`generate: ${where}: no configuration can express the type ${checker.typeToString(type)}.`);
    return { fields };
  }

  /**
   * The options of an interface: for each its type, whether it is required, its description and default. What an
   * option's own comment does not say is taken from the field of the same name of `owner`, the class.
   */
  function readFields(type, where, owner) {
    const fields = {};
    for (const property of checker.getPropertiesOfType(type).toSorted(requiredFirst)) {
      const own = read(checker.getTypeOfSymbol(property), `${where}.${property.name}`, property.name);
      if (own === undefined) continue;
      const comment = commentOf(property, owner);
      const text = defaultText(comment) ?? defaultInClass(property.name, owner);
      const found = defaultValue(text);
      fields[property.name] = {
        type: own,
        ...(isOptional(property) ? {} : { required: true }),
        about: firstSentence(comment.replace(/\s*\bDefault: [\s\S]*$/, "")),
        ...(found && allows(own, found.value) ? { default: found.value } : {}),
        ...(text && !(found?.whole && allows(own, found.value)) ? { defaultText: text } : {}),
      };
    }
    return fields;
  }

  function commentOf(property, owner) {
    const own = checker.getDocumentationCommentOfSymbol(property);
    const field = own === "" && owner && checker.getPropertyOfType(owner, property.name);
    return field ? checker.getDocumentationCommentOfSymbol(field) : own;
  }

  /** A default in the comment of a class, such as "`gamma` (Default: 0.1)". */
  function defaultInClass(name, owner) {
    const comment = owner ? checker.getDocumentationCommentOfSymbol(owner.getSymbol()) : "";
    return new RegExp(`\`${name.replace("$", "\\$")}\`\\s+\\(Default:\\s+([^)]+)\\)`).exec(comment)?.[1];
  }

  return { read, readFields };
}

/** Required options first, each group by name: the compiler does not always list them in the same order. */
const requiredFirst = (a, b) => isOptional(a) - isOptional(b) || (a.name < b.name ? -1 : 1);
const isOptional = (property) => Number((property.flags & SymbolFlags.Optional) !== 0);

/** One type for several: words are joined, what occurs twice is kept once. */
function merge(parts) {
  const flat = parts.flatMap((part) => part.either ?? [part]);
  const words = flat.flatMap((part) => part.words ?? []);
  const others = flat.filter((part) => !part.words);
  const unique = [...new Map(others.map((part) => [JSON.stringify(part), part])).values()];
  // Classes of one kind by name, as in GaussianNoise | PoissonNoise; all of the kind where one part is.
  const kinds = new Map();
  for (const part of unique.filter((each) => each.kind)) {
    const before = kinds.get(part.kind);
    const names =
      before && !(before.names && part.names) ? undefined : [...(before?.names ?? []), ...(part.names ?? [])];
    kinds.set(part.kind, { kind: part.kind, ...(names?.length ? { names } : {}) });
  }
  // A loss with a weight may also be one without.
  if (unique.some((part) => part.weighted)) kinds.delete("loss");
  const rest = unique.filter((part) => !part.kind && part !== "boolean");
  const all = [
    ...(words.length > 0 ? [{ words }] : []),
    ...(unique.includes("boolean") ? ["boolean"] : []),
    ...rest.filter((part) => part !== "null"),
    ...kinds.values(),
    ...(rest.includes("null") ? ["null"] : []),
  ];
  return all.length === 1 ? all[0] : { either: all };
}

/** Whether a value can be the default of an option of this type. */
function allows(type, value) {
  if (type.either) return type.either.some((part) => allows(part, value));
  if (value === null) return type === "null";
  if (type.words) return type.words.includes(value);
  if (Array.isArray(value)) return Boolean(type.list ?? type.tuple);
  return typeof value === type;
}
