"""`python -m stackroom` is the same as `stackroom`."""

import sys

from stackroom.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
