import { ArgumentError } from "./errors.js";

/** The error of a server's answer. */
export function statusError(address: string, status: number): ArgumentError {
  const missing = status === 404 || status === 410;
  const denied = status === 401 || status === 403;
  const advice = denied ? "the permission is missing, or has expired; check the address" : "check the address";
  return new ArgumentError(
    `${address}: the server answers with status ${status}; ${advice}.`,
    missing ? "file_not_found" : "file_unreadable",
  );
}

/** The error of a connection that was not made, or broke. */
export function networkError(address: string, error: unknown): ArgumentError {
  const cause = (error as { cause?: unknown } | null | undefined)?.cause ?? error;
  const text = cause instanceof Error ? cause.message : String(cause);
  const reason = (text.split("\n")[0] ?? "").replace(/\.$/, "");
  return new ArgumentError(
    `${address}: it cannot be downloaded (${reason}); check the connection, or give the path of a copy.`,
    "network_failed",
    { cause: error },
  );
}
