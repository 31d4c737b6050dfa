/** A source file. */
export interface Source {
  readonly path: string;
  readonly text: string;
}
/** A directed graph: from each node to those that it needs. */
export type Graph = Map<string, string[]>;
export function fileImports(sources: readonly Source[]): Graph;
export function groupImports(files: Graph, groupOf: (path: string) => string): Graph;
export function moduleUses(sources: readonly Source[], root: string): Graph;
export function circles(graph: Graph): string[][];
