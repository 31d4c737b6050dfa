import { goldenTests } from "./suite.js";

goldenTests("scheduler");
