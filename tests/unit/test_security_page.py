"""docs/security.md lists every statement that the Terraform makes, and no other."""

import re
from pathlib import Path
from typing import Any

import pytest

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
SID = r'^ +(?:\{ )?sid += "(\w+)(?:\$\{.*\})?"'
READS = {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"}


def test_each_attack_has_a_test_with_its_number() -> None:
    part = PAGE.split("## Attacks that the tests repeat")[1].split("\n## ")[0]
    listed = re.findall(r"^\| (\d+) \|", part, re.MULTILINE)
    repeated = {
        number
        for file in REPOSITORY.glob("tests/**/test_*.py")
        for number in re.findall(r"@pytest\.mark\.attack\((\d+)\)", file.read_text())
    }
    assert listed == [str(number) for number in range(1, len(listed) + 1)]
    assert repeated == set(listed)


def test_what_did_not_work_has_tests_with_its_name() -> None:
    part = PAGE.split("### What did not work for an attacker")[1].split("\n## ")[0]
    listed = re.findall(r"^\| ([a-z ]+?) \|", part, re.MULTILINE)
    tested = {
        name
        for file in REPOSITORY.glob("tests/**/test_*.py")
        for name in re.findall(r'@pytest\.mark\.held\("(.+?)"\)', file.read_text())
    }
    assert listed[0] == "name"
    assert len(listed) == len(set(listed)) == 9
    assert tested == set(listed[1:])


def test_every_statement_is_explained() -> None:
    made = {
        sid
        for file in REPOSITORY.glob("modules/**/*.tf")
        for sid in re.findall(SID, file.read_text(), re.MULTILINE)
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


@pytest.mark.attack(12)
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
