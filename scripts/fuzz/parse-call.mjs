// A printed call as its parts again.

/** `{ on, callee, args }` of a call that `sourceOf` has printed. */
export function parseCall(source) {
  let text = source.trim();
  let on;
  if (text.startsWith("(")) {
    const end = closing(text, 0);
    on = text.slice(1, end);
    text = text.slice(end + 2);
  } else {
    const method = /^((?:ones|zeros|full)\(.*?\))\.(\w+\()/.exec(text);
    if (method !== null) [on, text] = [method[1], text.slice(method[1].length + 1)];
  }
  const start = text.indexOf("(");
  const args = parts(text.slice(start + 1, closing(text, start)));
  return { ...(on === undefined ? {} : { on }), callee: text.slice(0, start), args };
}

/** The index of the bracket that closes the one at `start`. */
function closing(text, start) {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    if ("\"'`".includes(text[i])) i = text.indexOf(text[i], i + 1);
    else if ("([{".includes(text[i])) depth += 1;
    else if (")]}".includes(text[i]) && --depth === 0) return i;
  }
  throw new Error(`no bracket closes: ${text}`);
}

/** The arguments of a list. */
function parts(list) {
  const found = [];
  let from = 0;
  for (let i = 0; i <= list.length; i++) {
    if (i < list.length && "\"'`".includes(list[i])) i = list.indexOf(list[i], i + 1);
    else if ("([{".includes(list[i] ?? "x")) i = closing(list, i);
    else if (i === list.length || list[i] === ",") {
      if (list.slice(from, i).trim() !== "") found.push(list.slice(from, i).trim());
      from = i + 1;
    }
  }
  return found;
}
