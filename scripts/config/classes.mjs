// Reads from the sources, with the TypeScript compiler, what a configuration can name: every exported class with its
// options, their types, defaults and descriptions; the functions of ts/cli/further.ts; the sections of a configuration.
import { join } from "node:path";
import { SignatureKind, SymbolFlags } from "typescript/unstable/sync";
import { Failure, isMain, main, root } from "../common.mjs";
import { printedBy, withProject } from "../compiler.mjs";
import { firstSentence } from "../doc-comments.mjs";
import { notNamed } from "./not-named.mjs";
import { anyLayer, typeReader } from "./types.mjs";

/** The base class or interface of each kind, and the constructor's parameter before the options, where it has one. */
const KINDS = {
  loss: { base: "Loss" },
  metric: { base: "Metric" },
  adversarialMetric: { base: "DiscriminatorMetric" },
  transform: { base: "Transform" },
  physics: { base: "Physics", also: "StackedPhysics" },
  noise: { base: "NoiseModel" },
  generator: { base: "PhysicsGenerator" },
  model: { base: "Module" },
  layer: {},
  optimizer: { base: "Optimizer", leading: "parameters" },
  schedule: { base: "Schedule", leading: "optimizer" },
  dataset: { shape: "Dataset", also: "DatasetOf" },
  logger: { shape: "Logger" },
};

/** The functions of ts/cli/further.ts that may stand where a class is asked for. */
const FURTHER = {
  "metric.Metric": ["add"],
  "physics.LinearPhysics": ["compose"],
  "physics.Physics": ["compose"],
  "physics.StackedPhysics": ["stack"],
  "transform.Transform": ["add", "compose", "or"],
};

/** The kinds that tensors of a physics may be drawn or computed by, by option. */
const DRAWN = { mask: /Mask|Mixture/, filter: /Blur|Mixture/ };

/** The tables: `classes[kind][name]` an entry, `notNamed[path]` a reason, `config[key]` an option. */
export const readTables = () => printedBy(import.meta.url);

function tables({ program, checker }) {
  const exportsOf = (file) =>
    checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(join(root, file))));
  const found = exportedClasses(checker, exportsOf("ts/index.ts"));
  const shapes = Object.fromEntries(
    [...exportsOf("ts/data/index.ts"), ...exportsOf("ts/train/index.ts")]
      .filter(({ name }) => Object.values(KINDS).some(({ shape }) => shape === name))
      .map((symbol) => [symbol.name, checker.getDeclaredTypeOfSymbol(resolved(checker, symbol))]),
  );
  // By names: the types of the members may depend on parameters of the interface.
  const hasMembers = (instance, shape) =>
    checker
      .getPropertiesOfType(shape)
      .every(({ name, flags }) => flags & SymbolFlags.Optional || checker.getPropertyOfType(instance, name));
  const classKind = (instance) => {
    const bases = [instance.getSymbol().name, ...baseNames(checker, instance)];
    for (const [kind, { base, also, shape }] of Object.entries(KINDS)) {
      if ([base, also].some((name) => name && bases.includes(name))) return kind;
      if (shape && hasMembers(instance, shapes[shape])) return kind;
    }
    return undefined;
  };
  for (const each of found) {
    each.instance = checker.getDeclaredTypeOfSymbol(each.symbol);
    each.bases = baseNames(checker, each.instance);
    each.kind = classKind(each.instance);
    // A layer is a part of a network; a sequence of layers is a network.
    if (each.kind === "model" && /\/layers\//.test(fileOf(each.symbol)) && each.name !== "Sequential")
      each.kind = "layer";
    each.make = construction(checker, each);
  }
  const nameable = found.filter((each) => each.make && !notNamed[each.path]);
  const reader = typeReader(checker, (symbol) => {
    const shaped = Object.entries(KINDS).find(([, { shape, also }]) => shape && [shape, also].includes(symbol.name));
    if (shaped) return { kind: shaped[0] };
    const own = found.find((each) => each.symbol.id === symbol.id);
    if (!own?.kind) return undefined;
    const names = nameable
      .filter((each) => each.kind === own.kind && (each === own || each.bases.includes(own.name)))
      .map(({ name }) => name);
    return { kind: own.kind, names: [...names, ...(FURTHER[own.path] ?? [])].sort() };
  });

  const classes = Object.fromEntries([...Object.keys(KINDS), "filter"].map((kind) => [kind, {}]));
  for (const each of nameable.toSorted(byName)) classes[each.kind][each.name] = entry(checker, reader, each);
  for (const [kind, name, made] of furtherEntries(checker, reader, exportsOf("ts/cli/further.ts")))
    classes[kind][name] = made;
  const generators = Object.keys(classes.generator);
  for (const [name, { options }] of Object.entries(classes.physics)) {
    drawnTensors(options, generators);
    // The noise of a composition is that of its last operator.
    if (options.noiseModel || /^compose/i.test(name))
      options.noise = {
        type: { kind: "noise" },
        about: options.noiseModel?.about ?? "The noise of the last operator.",
      };
    if (options.noiseModel) options.noiseModel.about = "The same as `noise`.";
  }

  const config = exportsOf("ts/cli/config.ts").find(({ name }) => name === "Config");
  return wholeKinds({
    classes,
    notNamed: exceptions(checker, found.toSorted(byName), nameable),
    config: reader.readFields(checker.getDeclaredTypeOfSymbol(config), "Config"),
  });
}

/** Node 20 sorts strings by code units, whatever the language of the machine. */
const byName = (a, b) => (a.path < b.path ? -1 : 1);

/** The tables without lists of names that hold all of their kind. */
function wholeKinds(tables) {
  const all = (kind) => Object.keys(tables.classes[kind]);
  return JSON.parse(JSON.stringify(tables), (key, value) =>
    value?.kind && value.names && all(value.kind).every((name) => value.names.includes(name))
      ? { kind: value.kind }
      : value,
  );
}

const resolved = (checker, symbol) => (symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);

/** The classes of all namespaces: `{ path: "loss.mri.ENSURELoss", name, symbol }`. */
function exportedClasses(checker, symbols, folders = []) {
  return symbols.flatMap((exported) => {
    const symbol = resolved(checker, exported);
    if (symbol.flags & SymbolFlags.ValueModule)
      return exportedClasses(checker, checker.getExportsOfModule(symbol), [...folders, exported.name]);
    if (folders.length === 0 || !(symbol.flags & SymbolFlags.Class)) return [];
    return [{ path: [...folders, exported.name].join("."), name: exported.name, symbol }];
  });
}

function baseNames(checker, type) {
  return checker
    .getBaseTypes(type.getTarget?.() ?? type)
    .flatMap((base) => [base.getSymbol()?.name, ...baseNames(checker, base.getTarget?.() ?? base)]);
}

/** How objects of a class are made from options: its factory's text and the type of the options; undefined if not. */
function construction(checker, { symbol, path, name, kind }) {
  if (!kind) return undefined;
  const type = checker.getTypeOfSymbol(symbol);
  const open = checker.getPropertyOfType(type, "open");
  const signatures = open
    ? checker.getSignaturesOfType(checker.getTypeOfSymbol(open), SignatureKind.Call)
    : checker.getSignaturesOfType(type, SignatureKind.Construct).filter((each) => !each.isAbstract);
  const parameters = signatures[0]?.getParameters();
  if (!parameters) return undefined;
  const optionsOf = (parameter) => parameter && checker.getNonNullableType(checker.getTypeOfSymbol(parameter));
  if (name === "Sequential")
    return { text: `({ layers }: { layers: nn.Layer[] }) => new ${path}(...layers)`, layers: true };
  const { leading } = KINDS[kind];
  if (leading) {
    if (parameters[0]?.name !== leading || parameters[1]?.name !== "options") return undefined;
    return { text: `(options: never, on: never) => new ${path}(on, options)`, options: optionsOf(parameters[1]) };
  }
  if (parameters.length === 0) return { text: `() => new ${path}()` };
  if (parameters[0].name !== "options") return undefined;
  const text = open ? `(options: never) => ${path}.open(options)` : `(options: never) => new ${path}(options)`;
  return { text, options: optionsOf(parameters[0]) };
}

/** An entry of the table. */
function entry(checker, reader, { path, symbol, instance, make, bases }) {
  const properties = make.options ? checker.getPropertiesOfType(make.options) : [];
  const options = make.options ? reader.readFields(make.options, path, instance) : {};
  if (make.layers) options.layers = { type: { list: anyLayer }, required: true, about: "The layers, in order." };
  return {
    make: make.text,
    about: firstSentence(checker.getDocumentationCommentOfSymbol(symbol)),
    options,
    ...(properties.some(({ name }) => name === "rng") ? { rng: true } : {}),
    ...(bases.includes("BaseLossScheduler") || path.endsWith(".BaseLossScheduler") ? { scheduler: true } : {}),
  };
}

const fileOf = (symbol) => String(symbol.valueDeclaration?.path ?? symbol.declarations[0]?.path ?? "");

/** The functions of ts/cli/further.ts as entries: kind, name, entry. */
function furtherEntries(checker, reader, symbols) {
  const table = checker.getTypeOfSymbol(symbols.find(({ name }) => name === "further"));
  return checker.getPropertiesOfType(table).flatMap((kind) =>
    checker.getPropertiesOfType(checker.getTypeOfSymbol(kind)).map((member) => {
      const [signature] = checker.getSignaturesOfType(checker.getTypeOfSymbol(member), SignatureKind.Call);
      const options = checker.getTypeOfSymbol(signature.getParameters()[0]);
      const path = `further.${kind.name}.${member.name}`;
      return [
        kind.name,
        member.name,
        {
          make: `(options: never) => ${path}(options)`,
          about: firstSentence(checker.getDocumentationCommentOfSymbol(member)),
          options: reader.readFields(options, path),
        },
      ];
    }),
  );
}

/** Masks and filters of a physics may name what draws or computes them. */
function drawnTensors(options, generators) {
  for (const [name, pattern] of Object.entries(DRAWN)) {
    const option = options[name];
    if (!option || !JSON.stringify(option.type).includes('"tensor"')) continue;
    const drawn = [
      { kind: "generator", names: generators.filter((each) => pattern.test(each)) },
      ...(name === "filter" ? [{ kind: "filter" }] : []),
    ];
    option.type = { either: [...(option.type.either ?? [option.type]), ...drawn] };
  }
}

/** The classes that cannot be named, with the reason of each. */
function exceptions(checker, found, nameable) {
  const reasons = {};
  for (const { path, kind, symbol } of found.filter((each) => !nameable.includes(each))) {
    const reason = notNamed[path] ?? (isAbstract(checker, symbol) ? "abstract: its subclasses are named" : undefined);
    if (reason === undefined)
      throw new Failure(
        `generate: ${path}: no configuration can name this class, since ` +
          `${kind ? "its constructor takes no options object" : "it is of no known kind"}; ` +
          "change that, or add it to scripts/config/not-named.mjs with the reason.",
      );
    reasons[path] = reason;
  }
  for (const path of Object.keys(notNamed))
    if (!reasons[path])
      throw new Failure(`generate: scripts/config/not-named.mjs names ${path}, which no longer exists.`);
  return reasons;
}

const isAbstract = (checker, symbol) =>
  checker
    .getSignaturesOfType(checker.getTypeOfSymbol(symbol), SignatureKind.Construct)
    .every((each) => each.isAbstract);

if (isMain(import.meta.url)) await main(() => process.stdout.write(JSON.stringify(withProject(tables))));
