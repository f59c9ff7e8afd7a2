"""The operator's tool behind `make`. Nothing in it is deployed."""

import sys
from pathlib import Path

# Qualys is asked with the functions' own client.
_FUNCTIONS = str(Path(__file__).resolve().parents[1] / "functions")
if _FUNCTIONS not in sys.path:
    sys.path.append(_FUNCTIONS)
