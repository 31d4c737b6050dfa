import type { Assumptions } from "./assumptions.js";

/** The noise and the operator of a physics. */
export interface PhysicsSummary {
  readonly noise: string;
  readonly operator: string;
  /** Whether it is a LinearPhysics; undefined where that is unknown. */
  readonly linear?: boolean;
}

/** The reason why assumptions exclude a physics; undefined where they fit. An unknown property excludes nothing. */
export function mismatch(
  { noise, operator, needs }: Assumptions,
  physics: Partial<PhysicsSummary>,
): string | undefined {
  const { noise: kind, linear } = physics;
  // Pansharpening measures twice: it is a stack of two operators.
  const op = physics.operator === "pansharpen" ? "stacked" : physics.operator;
  const measured = needs.includes("physics") || needs.includes("y");
  if (op === "stacked" && measured && !operator.includes("stacked")) {
    return (
      "it takes one operator, but this physics is a stack; " + "give each operator its own loss in a StackedPhysicsLoss"
    );
  }
  if (kind !== undefined && noise !== "any" && !(noise as readonly string[]).includes(kind)) {
    return `it assumes ${noise.join(" or ")} noise, but this physics has ${kind} noise`;
  }
  if (operator === "linear" && linear === false)
    return "it assumes a linear operator, but this physics is not a LinearPhysics";
  if (op !== undefined && typeof operator !== "string" && !(operator as readonly string[]).includes(op)) {
    return `it assumes the operator ${operator.join(" or ")}, but this physics is ${op}`;
  }
  return undefined;
}

/** The names of a table of assumptions that fit what is known of a physics, in their order. */
export function fitting<N extends string>(
  table: Readonly<Record<N, Assumptions>>,
  physics: Partial<PhysicsSummary>,
): N[] {
  return (Object.keys(table) as N[]).filter((name) => mismatch(table[name], physics) === undefined);
}
