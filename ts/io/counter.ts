/** A number, 0 at first, that threads share where the platform lets them; elsewhere there are none to share it with. */
export const counter = (): Int32Array =>
  typeof SharedArrayBuffer === "undefined" ? new Int32Array(1) : new Int32Array(new SharedArrayBuffer(4));
