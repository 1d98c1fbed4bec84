"""Makes a Python function the call of a Longhaul job. Copy this file beside yours."""

import json
import os
import sys
import traceback


def serve(function):
    """Answers every record that Longhaul gives with function(record)."""
    # Records and answers get pipes of their own. What the function, a C library or
    # a child process prints goes to standard error, and none of them reads records.
    records, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    for line in records:
        try:
            answer = json.dumps(function(json.loads(line)), allow_nan=False)
        except (Exception, SystemExit) as e:  # only this record fails
            title = traceback.format_exception_only(type(e), e)[-1].strip()
            failure = {"message": title + "\n" + traceback.format_exc(), "retry": getattr(e, "retry", None) is True}
            answer = json.dumps({"error": failure})
        try:
            print(answer, file=answers, flush=True)
        except BrokenPipeError:  # the worker has gone
            os._exit(0)
