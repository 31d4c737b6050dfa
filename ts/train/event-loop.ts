/** Lets pending timers, signals and events run: training steps keep the thread busy. */
export async function yieldToEventLoop(): Promise<void> {
  await new Promise<void>((resolve) => {
    if (typeof setImmediate === "function") return void setImmediate(resolve);
    // Browsers delay nested timers by 4 ms; messages are not delayed.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
