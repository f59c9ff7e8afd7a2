"""The shape of the Terraform: what is composed where, and what may not be written at all."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
MODULES = sorted(path.parent for path in REPOSITORY.glob("modules/*/main.tf"))
FILES = [
    *REPOSITORY.glob("*.tf"),
    *REPOSITORY.glob("modules/*/*.tf"),
    *REPOSITORY.glob("examples/**/*.tf"),
]
IN_EVERY_MODULE = ("main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md")


def blocks(text: str, kind: str) -> list[str]:
    return re.findall(rf"^{kind}\b.*$", text, re.MULTILINE)


def named(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def test_there_is_something_to_test() -> None:
    assert len(MODULES) >= 5
    assert len(FILES) > 30


def test_the_root_only_composes() -> None:
    for file in REPOSITORY.glob("*.tf"):
        assert not blocks(file.read_text(), "(resource|data)"), f"{file.name} makes something"


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_modules_are_alike_and_stand_alone(module: Path) -> None:
    assert not [name for name in IN_EVERY_MODULE if not (module / name).is_file()]
    for file in module.glob("*.tf"):
        text = file.read_text()
        assert not blocks(text, "module"), f"{named(file)} calls another module"
        assert not blocks(text, "provider"), f"{named(file)} configures a provider"


@pytest.mark.parametrize("file", FILES, ids=named)
def test_what_no_file_may_hold(file: Path) -> None:
    text = file.read_text()
    assert "arn:aws:" not in text, "the partition must come from data"
    assert not re.search(r"aws_region\.\w+\.name\b", text), "removed in provider 6: use .id"
    assert "aws_iam_policy_attachment" not in text, "it detaches what others attached"
    assert not re.search(r"^\s*(//|/\*)", text, re.MULTILINE), "comments begin with #"
    longest = 600 if file.name == "variables.tf" else 200  # prose, most of it
    assert len(text.splitlines()) <= longest, "the file has more than one subject"


def test_the_event_pattern_is_written_once() -> None:
    assert len([file for file in FILES if '"aws.ecs"' in file.read_text()]) == 1


def test_nothing_but_the_aws_provider() -> None:
    for file in REPOSITORY.glob("**/versions.tf"):
        sources = re.findall(r'source\s*=\s*"([^"]+)"', file.read_text())
        assert sources == ["hashicorp/aws"], named(file)


def test_every_statement_has_a_sid() -> None:
    for file in FILES:
        text = file.read_text()
        opened = r'^ +(?:statement|dynamic "statement") \{$'
        statements = len(re.findall(opened, text, re.MULTILINE))
        # In a list, such as that of table_access.tf, they are values and no blocks.
        listed = len(re.findall(r"^ {6}\{\n {8}sid ", text, re.MULTILINE))
        sids = len(re.findall(r"^ +sid +=", text, re.MULTILINE)) - listed
        if "aws_iam_policy_document" in text:
            assert sids == statements, f"{named(file)}: a statement without a sid"
