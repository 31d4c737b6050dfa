// The page. The work is done by worker.js.
import { compare } from "./compare.js";
import { byId, show } from "./elements.js";
import { setUpSession } from "./session.js";
import { setUpSettings } from "./settings.js";
import { setUpSource } from "./source.js";

setUpSource();
setUpSettings();
setUpSession();
compare(byId("compare"), byId("slider")).show();
// The choice of the device is shown only if there is a graphics card.
void (async () => {
  show(["device-field"], Boolean(await navigator.gpu?.requestAdapter().catch(() => null)));
})();
