"""`python -m ingest`."""

import gc
import sys

if sys.platform == "win32":
    sys.exit("On Windows, work in WSL: https://learn.microsoft.com/windows/wsl/install")

from ingest.cli import main  # it needs what Windows has not

gc.set_threshold(200_000)  # nearly all that is read lives to the end: looking for garbage takes longer than it is worth
sys.exit(main())
