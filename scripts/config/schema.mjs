// The JSON schema (draft 7, which editors know) of configurations.

/** What a kind is called in descriptions. */
const kindWords = {
  loss: "loss",
  metric: "metric",
  adversarialMetric: "adversarial cost",
  transform: "transform",
  physics: "physics",
  noise: "noise model",
  generator: "generator",
  filter: "filter",
  model: "network",
  layer: "layer",
  optimizer: "optimiser",
  schedule: "learning-rate schedule",
  dataset: "dataset",
  logger: "logger",
};

const ref = (name) => ({ $ref: `#/definitions/${name}` });

/** The schema of a configuration. */
export function schema({ classes, config }) {
  const restricted = (kind, names) => named(kind, names, classes[kind]);
  const definitions = {
    tensor: {
      description: "Nested lists of numbers, or a file of them.",
      anyOf: [{ type: "array", items: ref("numbers") }, ref("tensorFile")],
    },
    numbers: { anyOf: [{ type: "number" }, { type: "array", items: ref("numbers") }] },
    tensorFile: objectSchema({
      file: { type: "path", required: true, about: "An image, or a file of an array such as .npy, .nii or .h5." },
      dataset: { type: "string", about: "Which array of a file of several." },
      slice: {
        type: { either: ["number", { list: { either: ["number", "null", { tuple: ["number", "number"] }] } }] },
        about:
          "The part to read: for each axis an index, [begin, end] or null; a number is an index of the first axis.",
      },
    }),
    nestedLosses: { anyOf: [ref("loss"), { type: "array", items: ref("nestedLosses"), minItems: 1 }] },
    weightedLoss: weightedLoss(classes.loss),
  };
  for (const [kind, entries] of Object.entries(classes)) {
    // A kind without a class: nothing can be named.
    if (Object.keys(entries).length === 0) {
      definitions[kind] = { not: {} };
      continue;
    }
    definitions[kind] = named(kind, Object.keys(entries), entries);
    for (const [name, entry] of Object.entries(entries))
      definitions[`${kind}.${name}`] = classSchema(name, entry, restricted);
  }
  for (const [name, { about, options }] of Object.entries(classes.loss))
    definitions[`weightedLoss.${name}`] = classSchema(name, { about, options: { ...options, weight } }, restricted);
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Configuration of adjoint train and adjoint test",
    ...objectSchema(config, restricted),
    definitions,
  };
}

/** The weight of a loss in the minimised sum. */
const weight = { type: "number", about: "Weight of the loss in the sum.", default: 1 };

/** One of several classes: its name alone where it needs no options, or an object of name and options. */
function named(kind, names, entries) {
  const list = kind === "transform" ? [{ type: "array", items: ref(kind), minItems: 1 }] : [];
  return { anyOf: [...alone(names, entries), oneOf(names, kind, kindWords[kind]), ...list] };
}

/** The names of classes that need no options. */
function alone(names, entries) {
  const found = names.filter((name) => !Object.values(entries[name].options).some(({ required }) => required));
  return found.length > 0 ? [{ enum: found }] : [];
}

/** An object with a name and the options of the class of that name. */
const oneOf = (names, group, word) => ({
  type: "object",
  properties: { name: { enum: names, description: `Name of the ${word}.` } },
  required: ["name"],
  allOf: names.map((name) => ({
    if: { properties: { name: { const: name } }, required: ["name"] },
    // oxlint-disable-next-line no-thenable -- a keyword of JSON schema
    then: ref(`${group}.${name}`),
  })),
});

/** A loss with a weight: beside the loss's own options, or around the loss. */
function weightedLoss(losses) {
  const names = Object.keys(losses);
  const around = objectSchema({ loss: { type: { kind: "loss" }, required: true, about: "The loss." }, weight });
  return { anyOf: [...alone(names, losses), oneOf(names, "weightedLoss", "loss"), around] };
}

/** The options of a class, and its name. */
function classSchema(name, { about, options }, restricted) {
  const made = objectSchema(options, restricted);
  return {
    description: about,
    ...made,
    properties: { name: { const: name }, ...made.properties },
    required: ["name", ...(made.required ?? [])],
  };
}

/** An object with options as its keys, and no others. */
function objectSchema(options, restricted) {
  const required = Object.entries(options).flatMap(([name, option]) => (option.required ? [name] : []));
  return {
    type: "object",
    properties: Object.fromEntries(
      Object.entries(options).map(([name, option]) => [name, optionSchema(option, restricted)]),
    ),
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: false,
  };
}

function optionSchema({ type, about, default: value, defaultText }, restricted) {
  const text = [about, ...(defaultText ? [`Default: ${defaultText}.`] : [])].filter(Boolean).join(" ");
  const made = typeSchema(type, restricted);
  // In draft 7 keys beside $ref are ignored.
  const whole = made.$ref && (text || value !== undefined) ? { allOf: [made] } : made;
  return { ...(text ? { description: text } : {}), ...whole, ...(value === undefined ? {} : { default: value }) };
}

function typeSchema(type, restricted) {
  if (type === "tensor") return ref("tensor");
  if (type === "path") return { type: "string" };
  if (typeof type === "string") return { type };
  if (type.words) return { enum: type.words };
  if (type.kind) return type.names ? restricted(type.kind, type.names) : ref(type.kind);
  if (type.weighted) return ref("weightedLoss");
  if (type.list) return { type: "array", items: typeSchema(type.list, restricted) };
  if (type.table) return { type: "object", additionalProperties: typeSchema(type.table, restricted) };
  if (type.fields) return objectSchema(type.fields, restricted);
  if (type.either) return { anyOf: type.either.map((part) => typeSchema(part, restricted)) };
  if (type.nested) return ref("nestedLosses");
  return {
    type: "array",
    items: type.tuple.map((part) => typeSchema(part, restricted)),
    minItems: type.tuple.length,
    maxItems: type.tuple.length,
  };
}
