"""The shape of the Terraform: what is composed where, and what may not be written at all."""

import re
from pathlib import Path

import hcl2
import pytest

REPOSITORY = Path(__file__).parents[2]
MODULES = sorted(path.parent for path in REPOSITORY.glob("modules/*/main.tf"))
PRIVATE = sorted(path.parent for path in REPOSITORY.glob("modules/private/*/main.tf"))
FILES = [
    *REPOSITORY.glob("*.tf"),
    *REPOSITORY.glob("modules/**/*.tf"),
    *REPOSITORY.glob("examples/**/*.tf"),
]
# The root composes in this order: a module takes from those of earlier lines only.
ORDER = (
    ("package",),
    ("encryption",),
    ("cache", "inventory", "state", "iam_role", "hub_bus"),
    ("notifications",),
    ("workflow",),
    ("deployment_gate",),
    ("event_detection", "trail", "security_hub"),
    ("dashboard", "package_record"),
)
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


def arrows(text: str) -> set[tuple[str, str]]:
    """Which module of the root takes from which other one, through locals or not."""
    root = hcl2.loads(text)
    local = {name: str(value) for each in root["locals"] for name, value in each.items()}

    def sources(value: str, seen: frozenset[str] = frozenset()) -> set[str]:
        found = set(re.findall(r"\bmodule\.(\w+)", value))
        for name in set(re.findall(r"\blocal\.(\w+)", value)) - seen:
            found |= sources(local.get(name, ""), seen | {name})
        return found

    modules = [each for block in root["module"] for each in block.items()]
    return {(name.strip('"'), of) for name, body in modules for of in sources(str(body))}


def test_the_root_composes_in_one_direction() -> None:
    text = "\n".join(file.read_text() for file in REPOSITORY.glob("*.tf"))
    line = {name: number for number, names in enumerate(ORDER) for name in names}
    assert {f'"{name}"' for name in line} == set(re.findall(r'^module ("\w+")', text, re.MULTILINE))
    assert {(to, of) for to, of in arrows(text) if line[of] >= line[to]} == set()


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_modules_are_alike_and_stand_alone(module: Path) -> None:
    assert not [name for name in IN_EVERY_MODULE if not (module / name).is_file()]
    for file in module.glob("*.tf"):
        text = file.read_text()
        called = re.findall(r'^  source += "(.+)"$', text, re.MULTILINE)
        assert len(called) == len(blocks(text, "module"))
        public = [source for source in called if not source.startswith("../private/")]
        assert not public, f"{named(file)} calls another module"
        assert not blocks(text, "provider"), f"{named(file)} configures a provider"


@pytest.mark.parametrize("module", PRIVATE, ids=named)
def test_a_private_module_is_for_a_block_that_stands_more_than_once(module: Path) -> None:
    """The registry shows a module that has a README."""
    assert not (module / "README.md").exists()
    source = f'"../private/{module.name}"'
    assert sum(source in file.read_text() for file in FILES) > 1
    assert not [file for file in REPOSITORY.glob("*.tf") if "modules/private" in file.read_text()]
    for file in module.glob("*.tf"):
        assert not blocks(file.read_text(), "(module|provider)")


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
    assert len([file for file in FILES if '"ECS Task State Change"' in file.read_text()]) == 1


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
