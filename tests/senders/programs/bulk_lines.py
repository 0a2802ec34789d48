"""Sends the lines of its input as documents, fifty in a request, with the client of the configuration given to it."""

import itertools
import runpy
import sys
from datetime import datetime, timezone

send = runpy.run_path(sys.argv[1])["send"]


def document(line):
    now = datetime.now(timezone.utc).isoformat(timespec="microseconds")
    return {"@timestamp": now, "log.level": "info", "message": line.rstrip("\n")}


while lines := list(itertools.islice(sys.stdin, 50)):
    send([document(line) for line in lines])
