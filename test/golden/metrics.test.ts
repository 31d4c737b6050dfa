import { goldenTests } from "./suite.js";

goldenTests("metric");
