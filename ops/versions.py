"""The version of this clone, beside that of what is deployed."""

import subprocess
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[1]
FILE = _REPOSITORY / "functions/VERSION"
# What the functions' environment calls the version that was deployed.
VARIABLE = "INSTALLATION_VERSION"


def local() -> str:
    """Returns the version of this clone."""
    return FILE.read_text(encoding="utf-8").strip()


def checkout() -> str:
    """Returns git's version of this clone; empty if there is none."""
    command = ["git", "describe", "--tags", "--always", "--dirty"]
    try:
        reported = subprocess.run(
            command, cwd=_REPOSITORY, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return reported.stdout.strip()
