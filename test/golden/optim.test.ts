import { goldenTests } from "./suite.js";

goldenTests("optim");
