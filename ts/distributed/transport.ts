/** Messages between two ranks at a time, which arrive in the order in which they were sent. */
export interface Transport {
  readonly rank: number;
  readonly size: number;
  /** Sends a message; resolves once `bytes` may be changed. */
  send(to: number, bytes: Uint8Array): Promise<void>;
  /** The next message of a rank. */
  receive(from: number): Promise<Uint8Array>;
  /** Tells the others that this rank has failed. */
  abort(text: string): void;
  close(): void;
}
