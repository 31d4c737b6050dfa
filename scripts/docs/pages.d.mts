/** A program of a document. */
export interface DocumentProgram {
  readonly page: string;
  readonly title: string;
  readonly code: string;
}

/** Every document with its page: from the path in the repository to the name of the page. */
export function documents(): Map<string, string>;

/** The programs of the documents, in the order in which the playground offers them. */
export function programs(): DocumentProgram[];
