import { goldenTests } from "./suite.js";

goldenTests("physics");
