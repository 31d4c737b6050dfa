// The page. Files are read by files-worker.js, and the work is done by worker.js.
import { setUpDisplay } from "./display.js";
import { byId, show } from "./elements.js";
import { setUpPicture } from "./picture.js";
import { setUpSession } from "./session.js";
import { setUpSettings } from "./settings.js";
import { setUpViewer } from "./viewer.js";

setUpViewer();
setUpDisplay();
setUpPicture();
setUpSettings();
setUpSession();
byId("welcome").dataset.ready = "yes";
// The choice of the device is shown only if there is a graphics card.
void (async () => {
  show(["device-field"], Boolean(await navigator.gpu?.requestAdapter().catch(() => null)));
})();
