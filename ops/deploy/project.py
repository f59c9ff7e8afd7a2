"""Reads facts from the repository: the PODs, and the variables of each module."""

import json
import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DEPLOYMENTS = REPOSITORY / "deployments"


def gateways() -> dict[str, str]:
    """Returns the gateway of each Qualys POD, from the file that the root module reads too."""
    platforms = json.loads((REPOSITORY / "qualys_platforms.json").read_text())
    return {pod: str(platform["gateway"]) for pod, platform in platforms.items()}


def variables(module: str) -> list[str]:
    """Returns the names of a module's variables; the root module is ``."""
    texts = [file.read_text() for file in sorted((REPOSITORY / module).glob("*.tf"))]
    return re.findall(r'^variable "(\w+)"', "\n".join(texts), re.MULTILINE)
