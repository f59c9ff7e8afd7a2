"""The pages' tables of inputs and outputs, and their usage snippets, agree with the Terraform."""

import json
import re
from pathlib import Path
from typing import Any

import hcl2
import pytest

from tests.support import terraform_docs

REPOSITORY = Path(__file__).parents[2]
DOCUMENTED = [REPOSITORY, *sorted(path.parent for path in REPOSITORY.glob("modules/*/main.tf"))]
INPUTS = ("name", "description", "type", "default", "required")
OUTPUTS = ("name", "description")


def blocks(directory: Path, kind: str) -> dict[str, dict[str, Any]]:
    """The variables or outputs of a directory, by name."""
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(directory.glob("*.tf")):
        with file.open() as text:
            for block in hcl2.load(text).get(kind, []):
                found.update({name.strip('"'): body for name, body in block.items()})
    return found


def in_hcl(value: Any) -> str:
    """A parsed value as it stands in the file, on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {in_hcl(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(in_hcl(item) for item in value)}]"
    text = str(value)
    return text[2:-1] if text.startswith("${") and text.endswith("}") else text


def input_rows(directory: Path) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name, body in blocks(directory, "variable").items():
        required = "default" not in body
        default = "" if required else f"`{in_hcl(body['default'])}`"
        description = body["description"].strip('"')
        answer = "yes" if required else "no"
        rows.append((f"`{name}`", description, f"`{in_hcl(body['type'])}`", default, answer))
    return rows


def output_rows(directory: Path) -> list[tuple[str, ...]]:
    return [
        (f"`{name}`", body["description"].strip('"'))
        for name, body in blocks(directory, "output").items()
    ]


def table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def section(text: str, heading: str) -> str:
    """What stands between a second-level heading and the next one."""
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"the page has no section '## {heading}'"
    return found[1]


def page() -> str:
    """The page with the tables of the root."""
    return (REPOSITORY / "docs/inputs.md").read_text()


def rows_in(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("|")]


def named(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def test_there_are_modules() -> None:
    assert len(DOCUMENTED) > 5


def test_inputs() -> None:
    expected = table(INPUTS, input_rows(REPOSITORY))
    assert rows_in(section(page(), "Inputs")) == expected, "\n".join(expected)


def test_outputs() -> None:
    expected = table(OUTPUTS, output_rows(REPOSITORY))
    assert rows_in(section(page(), "Outputs")) == expected, "\n".join(expected)


@pytest.mark.parametrize("module", DOCUMENTED[1:], ids=named)
def test_the_tables_of_a_module_are_those_of_terraform_docs(module: Path) -> None:
    """Otherwise: `make format`."""
    readme, variables = (module / "README.md").read_text(), blocks(module, "variable")
    assert terraform_docs.documented(module) == readme
    found = section(readme, "Inputs")
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows_in(found)[2:]] == [*variables]
    for name, body in blocks(module, "output").items():
        assert f"| {name} | {json.loads(body['description'])} |" in readme


def test_the_inputs_that_the_readme_names_exist() -> None:
    table = rows_in(section((REPOSITORY / "README.md").read_text(), "Inputs"))
    named = [row.split("`")[1] for row in table[2:]]
    assert len(named) == 10
    assert set(named) <= blocks(REPOSITORY, "variable").keys()


@pytest.mark.parametrize("directory", DOCUMENTED[1:], ids=named)
def test_usage(directory: Path) -> None:
    """The snippet gives every required input, and none that does not exist."""
    snippet = re.search(r"```hcl\n(.*?)```", (directory / "README.md").read_text(), re.DOTALL)
    assert snippet, "the README shows no usage"
    (module,) = hcl2.loads(snippet[1])["module"]
    (arguments,) = module.values()
    given = {name for name in arguments if not name.startswith("__")} - {"source", "providers"}
    variables = blocks(directory, "variable")
    assert given <= set(variables)
    assert {name for name, body in variables.items() if "default" not in body} <= given


def test_the_complete_example_has_every_input() -> None:
    text = (REPOSITORY / "examples/complete/main.tf").read_text()
    ((_, given),) = hcl2.loads(text)["module"][0].items()
    assert {name for name in given if not name.startswith("__")} - {"source"} == {
        *blocks(REPOSITORY, "variable")
    }


@pytest.mark.parametrize(
    "directory",
    [*DOCUMENTED, *sorted(path.parent for path in REPOSITORY.glob("examples/**/main.tf"))],
    ids=named,
)
def test_every_input_and_output_is_described(directory: Path) -> None:
    for name, body in blocks(directory, "variable").items():
        assert body.get("type"), f"variable {name} has no type"
        assert body.get("description"), f"variable {name} has no description"
    for name, body in blocks(directory, "output").items():
        assert body.get("description"), f"output {name} has no description"
