"""Logs each line of its input, with the handlers that the configuration given to it sets up.

Says `gave up: LINE` for each that its handler gave up, as far as the program is told of it.
"""

import logging
import runpy
import sys


def tell(line):
    print("gave up:", line, flush=True)


def telling(handle_error):
    def tell_and_handle(record):
        tell(record.getMessage())
        handle_error(record)

    return tell_and_handle


configuration = runpy.run_path(sys.argv[1])
for handler in logging.getLogger().handlers:
    handler.handleError = telling(handler.handleError)
log = logging.getLogger("app")
log.setLevel(logging.INFO)
for line in sys.stdin:
    line = line.rstrip("\n")
    try:
        log.info(line)
    except OSError as error:
        # pygelf lets it through to whoever logs.
        print(error, file=sys.stderr)
        tell(line)
if "provider" in configuration:
    configuration["provider"].shutdown()
