import { goldenTests } from "./suite.js";

goldenTests("noise");
