import type { DeviceInfo } from "../runtime/index.js";

/** What to say of a device that is a renderer in software; undefined of any other. */
export function softwareWarning({ name, kind, detail }: DeviceInfo): string | undefined {
  if (kind !== "software") return undefined;
  return (
    `${name} is a renderer in software here, ${detail}, much slower than cpu; ` +
    "install the driver of your graphics card, or use cpu."
  );
}
