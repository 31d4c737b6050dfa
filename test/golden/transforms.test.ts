import { goldenTests } from "./suite.js";

goldenTests("transform");
