// Reads from the compiled package's declarations, with the TypeScript compiler, what can be called and with what: every
// exported function, class and method, with the types of its parameters.
//
//   { path, kind: "function" | "class" | "method" | "static", of, name, asynchronous,
//     parameters: [{ name, type, optional }] }
//
// A type is a word ("number", "string", "boolean", "tensor", "unknown"), or one of { words }, { class }, { interface },
// { list }, { tuple }, { either }, { fields }, { table }, { returns }.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SignatureKind, SymbolFlags, TypeFlags } from "typescript/unstable/sync";
import { SyntaxKind } from "typescript/unstable/ast";
import { isMain, main, replaceFile, root } from "../common.mjs";
import { printedBy, withProject } from "../compiler.mjs";

/** Types nested deeper than this are unknown. */
const DEPTH = 4;
/** Calls that wait for something outside, end things, or are made by the fuzzer itself. */
const LEFT_OUT = new Set(["init", "Tensor.holder", "Tensor.constructor"]);
const ERRORS = /Error$/;

/** The path of a file with the signatures of the sources as they are; it is made where there is none yet. */
export function signaturesFile() {
  const hash = createHash("sha256");
  for (const file of readdirSync(join(root, "ts"), { recursive: true }).sort())
    if (file.endsWith(".ts")) hash.update(file).update(readFileSync(join(root, "ts", file)));
  hash.update(readFileSync(fileURLToPath(import.meta.url)));
  const path = join(root, "node_modules", ".cache", "adjoint-fuzz", `${hash.digest("hex").slice(0, 16)}.json`);
  if (!existsSync(path)) replaceFile(path, JSON.stringify(printedBy(import.meta.url)));
  return path;
}

function signatures(project) {
  const { program, checker } = project;
  const exportsOf = (file) =>
    checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(join(root, file))));
  return reader(project).targets([
    ...named(checker, exportsOf("ts/index.ts")),
    ...named(checker, exportsOf("ts/testing/index.ts"), "testing."),
  ]);
}

const resolved = (checker, symbol) => (symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);

/** Every exported function and class with its path, such as `loss.mri.ENSURELoss`. */
function named(checker, symbols, prefix = "") {
  return symbols.flatMap((exported) => {
    const symbol = resolved(checker, exported);
    const path = `${prefix}${exported.name}`;
    if (symbol.flags & SymbolFlags.ValueModule) return named(checker, checker.getExportsOfModule(symbol), `${path}.`);
    const called = symbol.flags & (SymbolFlags.Class | SymbolFlags.Function | SymbolFlags.Variable);
    return called && !LEFT_OUT.has(path) && !ERRORS.test(path) ? [{ path, symbol }] : [];
  });
}

function reader(project) {
  const { checker } = project;
  const paths = new Map();

  function read(type, depth = 0) {
    if (type === undefined || depth > DEPTH) return "unknown";
    const alias = type.getAliasSymbol()?.name;
    const interfaces = ["Layer", "Denoiser", "Reconstructor", "AnyPhysics", "Losses", "Dims", "NestedArray"];
    if (interfaces.includes(alias)) return { interface: alias };
    const { flags } = type;
    if (flags & TypeFlags.TypeParameter) {
      const constraint = checker.getBaseConstraintOfType(type);
      return constraint === undefined || constraint.id === type.id ? "unknown" : read(constraint, depth + 1);
    }
    if (flags & TypeFlags.Boolean) return "boolean";
    if (flags & (TypeFlags.Undefined | TypeFlags.Void | TypeFlags.Null)) return undefined;
    if (type.isUnionType()) return union(type.getTypes().map((part) => read(part, depth + 1)));
    if (flags & TypeFlags.BooleanLiteral) return "boolean";
    if (flags & TypeFlags.Literal) return { words: [type.value] };
    if (flags & TypeFlags.Number) return "number";
    if (flags & TypeFlags.String) return "string";
    if (type.isIntersectionType()) return read(type.getTypes()[0], depth + 1);
    if (type.isTypeReference() && type.getTarget().isTupleType())
      return { tuple: checker.getTypeArguments(type).map((part) => read(part, depth + 1) ?? "unknown") };
    if (type.isTypeReference() && checker.isArrayLikeType(type))
      return { list: read(checker.getTypeArguments(type).at(0), depth + 1) ?? "unknown" };
    return object(type, depth);
  }

  function union(parts) {
    const flat = parts.filter((part) => part !== undefined).flatMap((part) => part.either ?? [part]);
    const words = flat.flatMap((part) => part.words ?? []);
    const unique = new Map(flat.filter((part) => !part.words).map((part) => [JSON.stringify(part), part]));
    const all = [...(words.length > 0 ? [{ words }] : []), ...unique.values()];
    return all.length === 0 ? undefined : all.length === 1 ? all[0] : { either: all };
  }

  function object(type, depth) {
    const symbol = type.getSymbol();
    if (symbol === undefined) return "unknown";
    if (symbol.name === "Tensor") return "tensor";
    if (paths.has(symbol.id)) return { class: paths.get(symbol.id) };
    const [signature] = checker.getSignaturesOfType(type, SignatureKind.Call);
    if (signature) return { returns: read(checker.getReturnTypeOfSignature(signature), depth + 1) ?? "unknown" };
    const [index] = checker.getIndexInfosOfType(type);
    if (index && checker.getPropertiesOfType(type).length === 0)
      return { table: read(index.valueType, depth + 1) ?? "unknown" };
    const inLibrary = symbol.declarations.some(({ path }) => !String(path).includes("/ts/"));
    if (inLibrary) return { interface: symbol.name };
    const properties = checker.getPropertiesOfType(type);
    const methods = properties.some(({ flags }) => flags & SymbolFlags.Method);
    if (methods || symbol.flags & SymbolFlags.Class) return { interface: symbol.name };
    const fields = {};
    for (const property of properties) {
      const own = read(checker.getTypeOfSymbol(property), depth + 1);
      if (own === undefined) continue;
      fields[property.name] = { type: own, ...(property.flags & SymbolFlags.Optional ? { optional: true } : {}) };
    }
    return { fields };
  }

  /** A signature's parameters, and whether it gives a promise. */
  function called(signature) {
    const parameters = signature.getParameters().map((parameter) => {
      const type = checker.getTypeOfSymbol(parameter);
      const text = checker.typeToString(type);
      const optional = /\bundefined\b/.test(text) || Boolean(parameter.flags & SymbolFlags.Optional);
      return { name: parameter.name, type: read(type) ?? "unknown", ...(optional ? { optional } : {}) };
    });
    const result = checker.getReturnTypeOfSignature(signature);
    return { parameters, asynchronous: result?.getSymbol()?.name === "Promise" };
  }

  function ofClass({ path, symbol }) {
    const type = checker.getTypeOfSymbol(symbol);
    const constructors = checker.getSignaturesOfType(type, SignatureKind.Construct);
    const concrete = constructors.filter((each) => !each.isAbstract);
    const own = constructors.slice(0, 1).map((each) => ({
      path,
      kind: "class",
      abstract: concrete.length === 0,
      bases: baseNames(checker, checker.getDeclaredTypeOfSymbol(symbol)),
      ...called(each),
    }));
    const instance = checker.getDeclaredTypeOfSymbol(symbol);
    return [...own, ...methods(path, type, "static"), ...methods(path, instance, "method")];
  }

  function methods(path, type, kind) {
    return checker.getPropertiesOfType(type).flatMap((member) => {
      if (!(member.flags & SymbolFlags.Method) || LEFT_OUT.has(`${path}.${member.name}`)) return [];
      if (!/^\w+$/.test(member.name) || isHidden(member)) return [];
      if (!member.declarations.some((each) => String(each.path).includes("/ts/"))) return [];
      const [signature] = checker.getSignaturesOfType(checker.getTypeOfSymbol(member), SignatureKind.Call);
      if (signature === undefined) return [];
      // Where the method is written: a class has those of its bases too.
      const by = member.getParent()?.name ?? "";
      return [{ path: `${path}.${member.name}`, kind, of: path, by, name: member.name, ...called(signature) }];
    });
  }

  /** Whether only subclasses may call a method. */
  function isHidden(member) {
    const { modifiers = [] } = member.valueDeclaration?.resolve(project) ?? {};
    return modifiers.some(({ kind }) => [SyntaxKind.ProtectedKeyword, SyntaxKind.PrivateKeyword].includes(kind));
  }

  function targets(list) {
    for (const { path, symbol } of list) {
      if (symbol.flags & SymbolFlags.Class && path !== "Tensor") paths.set(symbol.id, path);
    }
    return list.flatMap((each) => {
      if (each.symbol.flags & SymbolFlags.Class) return ofClass(each);
      const [signature] = checker.getSignaturesOfType(checker.getTypeOfSymbol(each.symbol), SignatureKind.Call);
      return signature ? [{ path: each.path, kind: "function", ...called(signature) }] : [];
    });
  }

  return { targets };
}

function baseNames(checker, type) {
  return checker
    .getBaseTypes(type.getTarget?.() ?? type)
    .flatMap((base) => [base.getSymbol()?.name, ...baseNames(checker, base.getTarget?.() ?? base)]);
}

if (isMain(import.meta.url)) await main(() => process.stdout.write(JSON.stringify(withProject(signatures))));
