"""What the repository itself says: the PODs, and the variables of each module."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DEPLOYMENTS = REPOSITORY / "deployments"


def gateways() -> dict[str, str]:
    """The gateway of each Qualys POD, as the root module has them."""
    text = (REPOSITORY / "main.tf").read_text()
    return dict(re.findall(r'^ +([A-Z]+[0-9]) += "(https://[^"]+)"', text, re.MULTILINE))


def variables(module: str) -> list[str]:
    """Names of a module's variables; the root module is ``."""
    text = (REPOSITORY / module / "variables.tf").read_text()
    return re.findall(r'^variable "(\w+)"', text, re.MULTILINE)
