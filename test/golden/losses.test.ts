import { goldenTests } from "./suite.js";

goldenTests("loss");
