"""A slow function, as it was written for a process pool."""

import time


def slow_function(record):
    time.sleep(0.1)
    return {"number": record, "square": record * record}


# These lines make it a call: longhaul.py lies beside this file.
if __name__ == "__main__":
    import longhaul

    longhaul.serve(slow_function)
