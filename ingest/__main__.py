"""`python -m ingest`."""

import gc
import sys

from ingest.cli import main

gc.set_threshold(200_000)  # nearly all that is read lives to the end: looking for garbage takes longer than it is worth
sys.exit(main())
