/** A running server. */
export interface Site {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  close(): Promise<void>;
}

/** Serves folders by prefix, on this machine only; without headers for cross-origin isolation, as most servers. */
export function serve(
  folders: Readonly<Record<string, string>>,
  options?: { port?: number; headers?: Readonly<Record<string, string>> },
): Promise<Site>;

/** The headers of pages that may share memory between threads. */
export const isolation: Readonly<Record<string, string>>;
