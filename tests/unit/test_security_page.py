"""docs/security.md lists every statement that the Terraform makes, and no other."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs/security.md").read_text()
# What is written like a statement's id and is none.
OTHER = {"AmazonEC2ContainerRegistryReadOnly"}


def test_every_statement_is_explained() -> None:
    made = {
        sid
        for file in REPOSITORY.glob("modules/*/*.tf")
        for sid in re.findall(r'^ +sid += "(\w+)(?:\$\{.*\})?"', file.read_text(), re.MULTILINE)
    }
    listed = set(re.findall(r"`([A-Z][a-z]+[A-Z]\w+)`", PAGE)) - OTHER
    assert len(made) > 30
    assert listed == made
