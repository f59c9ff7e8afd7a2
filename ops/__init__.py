"""The operator's tool behind `make`. Nothing in it is deployed."""

import sys
from pathlib import Path

# The tool calls Qualys with the client of the functions.
_FUNCTIONS = str(Path(__file__).resolve().parents[1] / "functions")
if _FUNCTIONS not in sys.path:
    sys.path.append(_FUNCTIONS)
