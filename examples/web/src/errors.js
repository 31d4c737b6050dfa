/** An error whose message is for the visitor. */
export class UserError extends Error {}
