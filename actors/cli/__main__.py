"""`python -m actors.cli`: the `vanka` command where it is not installed."""

import sys

from actors.cli import main

if __name__ == "__main__":
    sys.exit(main())
