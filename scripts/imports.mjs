// Who imports whom: the files and folders of ts/, and the modules of crates/core; and the circles among them.
import { dirname, posix } from "node:path";

/** The addresses that a TypeScript file imports or re-exports, as types or values. */
const addresses = (text) => [...text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)].map(([, address]) => address);

/** Imports between the files of ts/: a map from path to the paths it imports. `sources` are { path, text }. */
export function fileImports(sources) {
  const known = new Set(sources.map(({ path }) => path));
  const resolve = (path, address) => posix.join(dirname(path), address).replace(/\.js$/, ".ts");
  return new Map(
    sources.map(({ path, text }) => [
      path,
      addresses(text)
        .map((address) => resolve(path, address))
        .filter((target) => known.has(target)),
    ]),
  );
}

/** The same between parts of files' paths, such as their folders; what a part imports of itself is left out. */
export function groupImports(files, groupOf) {
  const groups = new Map();
  for (const [path, targets] of files) {
    const group = groupOf(path);
    const found = groups.get(group) ?? new Set();
    for (const target of targets) if (groupOf(target) !== group) found.add(groupOf(target));
    groups.set(group, found);
  }
  return new Map([...groups].map(([group, targets]) => [group, [...targets]]));
}

/** `kernel/conv.rs` and `kernel/conv/mod.rs` to `kernel::conv`; lib.rs to the empty name. */
const moduleOf = (path, root) =>
  path
    .slice(root.length)
    .replace(/(?:(?:^|\/)(?:mod|lib))?\.rs$/, "")
    .replaceAll("/", "::");

/** Paths of a `use` tree: `crate::{a::{b, c}, d}` gives crate::a::b, crate::a::c, crate::d. */
function usePaths(tree) {
  const open = tree.indexOf("{");
  if (open < 0) return [tree.replace(/\s+as\s+\w+$/, "").trim()];
  const prefix = tree.slice(0, open);
  const inner = tree.slice(open + 1, tree.lastIndexOf("}"));
  const parts = [];
  let [depth, start] = [0, 0];
  for (const [i, c] of [...`${inner},`].entries()) {
    if (c === "{") depth += 1;
    else if (c === "}") depth -= 1;
    else if (c === "," && depth === 0) {
      parts.push(inner.slice(start, i));
      start = i + 1;
    }
  }
  return parts.filter((part) => part.trim() !== "").flatMap((part) => usePaths(prefix.trim() + part.trim()));
}

/**
 * Uses between the modules of a Rust crate: `use` items and paths in the code that begin with `crate`, `super` or
 * `self`, or with a child. Test modules do not count, and neither does what a parent takes from its own children or a
 * child from a parent's re-exports of nothing.
 */
export function moduleUses(sources, root) {
  const modules = new Set(sources.map(({ path }) => moduleOf(path, root)));
  const uses = new Map();
  for (const { path, text } of sources) {
    const own = moduleOf(path, root);
    const code = text
      .replace(/#\[cfg\(test\)\][\s\S]*$/, "")
      .replace(/\/\/.*$/gm, "")
      .replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
    const found = new Set();
    const add = (written) => {
      const target = resolvePath(written, own, modules);
      if (target !== undefined && target !== own) found.add(target);
    };
    for (const [, tree] of code.matchAll(/\buse\s+([^;]+);/g)) usePaths(tree).forEach(add);
    const rest = code.replace(/\b(?:use|mod)\s+[^;{]+;/g, "").replace(/\buse\s+[^;]+;/g, "");
    for (const [written] of rest.matchAll(/\b(?:crate|super|self)(?:::\w+)+/g)) add(written);
    uses.set(own, [...found]);
  }
  return uses;
}

/** The module that a path names or lies in; undefined outside of the crate. */
function resolvePath(written, own, modules) {
  const parts = written.split("::");
  let at = own === "" ? [] : own.split("::");
  if (parts[0] === "crate") at = [];
  else if (parts[0] === "super") at = at.slice(0, -1);
  else if (parts[0] !== "self") {
    if (!modules.has([...at, parts[0]].join("::"))) return undefined;
    at = [...at, parts[0]];
  }
  let rest = parts.slice(1);
  while (rest[0] === "super") [at, rest] = [at.slice(0, -1), rest.slice(1)];
  // The longest prefix that is a module of the crate.
  while (rest.length > 0 && modules.has([...at, rest[0]].join("::"))) [at, rest] = [[...at, rest[0]], rest.slice(1)];
  return at.length === 0 ? undefined : at.join("::");
}

/**
 * The circles of a graph: its strongly connected components of more than one node (Tarjan 1972,
 * doi:10.1137/0201010).
 */
export function circles(graph) {
  const [index, low, stack, waiting, found] = [new Map(), new Map(), [], new Set(), []];
  const visit = (node) => {
    index.set(node, index.size);
    low.set(node, index.get(node));
    stack.push(node);
    waiting.add(node);
    for (const next of graph.get(node) ?? []) {
      if (!index.has(next)) {
        visit(next);
        low.set(node, Math.min(low.get(node), low.get(next)));
      } else if (waiting.has(next)) low.set(node, Math.min(low.get(node), index.get(next)));
    }
    if (low.get(node) !== index.get(node)) return;
    const component = stack.splice(stack.indexOf(node));
    for (const member of component) waiting.delete(member);
    if (component.length > 1) found.push(component.sort());
  };
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return found;
}
