import { goldenTests } from "./suite.js";

goldenTests("nn");
