"""The protocol of bench/peer.mjs: a line with a case and steps is answered by their seconds, "check" by results."""

import json
import sys
import time


def serve(about, make, check, wait=lambda: None, forget=None):
    """`make(name)` gives the step of a case; `wait()` ends when its work has; `forget()` comes before a new case."""
    print(json.dumps(about), flush=True)
    ready = {}
    for line in sys.stdin:
        if line.strip() == "check":
            print(json.dumps(check()), flush=True)
            continue
        name, steps = line.split()
        if name not in ready:
            if forget:
                ready.clear()
                forget()
            ready[name] = make(name)
        started = time.perf_counter()
        for _ in range(int(steps)):
            ready[name]()
        wait()
        print(time.perf_counter() - started, flush=True)
