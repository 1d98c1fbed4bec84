"""A slow function, as it was written for a process pool."""

import time


def slow_function(record):
    time.sleep(0.1)
    return {"number": record, "square": record * record}


# These lines make it a call: one JSON value in, one out, until there is no more.
if __name__ == "__main__":
    import json
    import sys

    for line in sys.stdin:
        print(json.dumps(slow_function(json.loads(line))), flush=True)
