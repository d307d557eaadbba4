"""`python -m coxa`: the command line."""

import sys

from coxa.cli import main

sys.exit(main())
