import { Tensor } from "adjoint";

/** A value as `console.log` shows it, in short. */
export function shown(value, depth = 0) {
  if (typeof value === "string") return depth === 0 ? value : JSON.stringify(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof Tensor) return `Tensor [${value.shape.join(", ")}] ${value.dtype}`;
  if (ArrayBuffer.isView(value) || Array.isArray(value)) {
    const items = Array.from(value).slice(0, 12);
    const more = value.length > 12 ? ", ..." : "";
    return items.length === 0 ? "[]" : `[ ${items.map((item) => shown(item, depth + 1)).join(", ")}${more} ]`;
  }
  if (typeof value === "function") return `[Function ${value.name}]`;
  if (typeof value === "object" && value !== null) {
    if (depth > 2) return "{...}";
    const entries = Object.entries(value).slice(0, 20);
    return `{ ${entries.map(([key, item]) => `${key}: ${shown(item, depth + 1)}`).join(", ")} }`;
  }
  return String(value);
}
