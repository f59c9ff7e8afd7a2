"""docs/security.md lists every statement that the Terraform makes, and no other."""

import re
from pathlib import Path
from typing import Any

from image_scan.state import keys
from tests.support import table_access, tables

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs/security.md").read_text()
# What is written like a statement's id and is none.
OTHER = {"AmazonEC2ContainerRegistryReadOnly"}
# Kinds of keys, in the words of the page and in its order.
KINDS = {
    "sha256:*": "images",
    "findings#*": "findings",
    "other#*": "workloads",
    "tasks#*": "tasks",
    **{
        f"{value}*": name.lower().replace("_", " ")
        for name, value in vars(keys).items()
        if name.isupper()
    },
}
READS = {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"}


def test_every_statement_is_explained() -> None:
    made = {
        sid
        for file in REPOSITORY.glob("modules/*/*.tf")
        for sid in re.findall(r'^ +sid += "(\w+)(?:\$\{.*\})?"', file.read_text(), re.MULTILINE)
    }
    listed = set(re.findall(r"`([A-Z][a-z]+[A-Z]\w+)`", PAGE)) - OTHER
    assert len(made) > 30
    assert listed == made


def kinds(statement: dict[str, Any]) -> set[str]:
    """What a statement is about; an index has no keys, and is of workloads."""
    if statement["table"].startswith(tables.INVENTORY):
        return {"tasks"} if statement["keys"] == ["tasks#*"] else {"workloads"}
    return {KINDS[key] for key in statement["keys"] if key in KINDS}


def cell(found: set[str]) -> str:
    return ", ".join(kind for kind in KINDS.values() if kind in found)


def test_what_a_stolen_role_could_do_with_the_tables_is_what_its_policy_allows() -> None:
    functions = {path.stem for path in REPOSITORY.glob("functions/image_scan/handlers/[!_]*.py")}
    expected = {}
    for role in (*functions, "intake", "scan"):
        allowed = table_access.statements().get(role, [])
        reads = [kinds(each) for each in allowed if READS & set(each["actions"])]
        writes = [kinds(each) for each in allowed if set(each["actions"]) - READS]
        expected[role.replace("_", "-")] = (cell(set().union(*reads)), cell(set().union(*writes)))
    part = PAGE.split("## What a stolen role could do")[1].split("\n## ")[0]
    rows = re.findall(
        r"^\| ([a-z-]+) \| ?([a-z, ]*?) ?\| ?([a-z, ]*?) ?\| .+ \|$", part, re.MULTILINE
    )
    assert {role: (reads, writes) for role, reads, writes in rows if role != "role"} == expected
