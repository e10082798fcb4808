"""The command line: ``rankproof`` and ``python -m rankproof``."""

import signal
import sys

from rankproof import _native


def main() -> int:
    """Run the command line and return its exit status."""
    # Python's own handler would wait for the end of the call.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _native.main(["rankproof", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
