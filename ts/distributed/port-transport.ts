import { AdjointError } from "../runtime/index.js";
import type { Transport } from "./transport.js";

/** What crosses a port: bytes, or why a rank has ended. */
type Message = Uint8Array | { readonly failed: string } | { readonly closed: true };

/** Messages that came, or the calls that wait for them, of one rank. */
class Inbox {
  readonly #messages: Uint8Array[] = [];
  readonly #waiting: { resolve: (bytes: Uint8Array) => void; reject: (error: unknown) => void }[] = [];
  #end: AdjointError | undefined;

  put(bytes: Uint8Array): void {
    const next = this.#waiting.shift();
    if (next) next.resolve(bytes);
    else this.#messages.push(bytes);
  }

  /** No further message will come; the first reason counts. */
  end(error: AdjointError): void {
    this.#end ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#end);
  }

  async take(): Promise<Uint8Array> {
    const bytes = this.#messages.shift();
    if (bytes) return bytes;
    if (this.#end) throw this.#end;
    return await new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }
}

/** Messages between threads of one process. */
export class PortTransport implements Transport {
  readonly rank: number;
  readonly size: number;
  readonly #ports: ReadonlyMap<number, MessagePort>;
  readonly #inboxes = new Map<number, Inbox>();
  #closed = false;

  /** @param ports the port to each other rank. */
  constructor(rank: number, ports: ReadonlyMap<number, MessagePort>) {
    this.rank = rank;
    this.size = ports.size + 1;
    this.#ports = ports;
    for (const [peer, port] of ports) {
      const inbox = new Inbox();
      this.#inboxes.set(peer, inbox);
      const lost = (): void => inbox.end(new AdjointError(`Group: rank ${peer} has ended.`, "rank_lost"));
      port.onmessage = ({ data }: MessageEvent<Message>) => {
        if (data instanceof Uint8Array) inbox.put(data);
        else if ("failed" in data) this.#failed(peer, data.failed);
        else lost();
      };
      // Node tells that the thread of the other end is gone.
      port.addEventListener("close", lost);
      // Whoever waits has a timer: an idle port need not keep the thread.
      (port as { unref?: () => void }).unref?.();
    }
  }

  async send(to: number, bytes: Uint8Array): Promise<void> {
    const copy = bytes.slice();
    this.#ports.get(to)?.postMessage(copy, [copy.buffer]);
  }

  async receive(from: number): Promise<Uint8Array> {
    return await (this.#inboxes.get(from) as Inbox).take();
  }

  abort(text: string): void {
    if (this.#closed) return;
    for (const port of this.#ports.values()) port.postMessage({ failed: text } satisfies Message);
    this.#failed(this.rank, text);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const port of this.#ports.values()) {
      port.postMessage({ closed: true } satisfies Message);
      port.close();
    }
  }

  #failed(rank: number, text: string): void {
    for (const inbox of this.#inboxes.values()) inbox.end(new AdjointError(`rank ${rank}: ${text}`, "rank_failed"));
  }
}
