// What page.html adds to the global object.
declare var harness: typeof import("./main.js");
