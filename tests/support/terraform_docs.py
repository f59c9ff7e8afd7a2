"""Writes what a module needs, takes and gives into its README, in the form of terraform-docs.

    python -m tests.support.terraform_docs    # all modules; `make format` does it

.terraform-docs.yml has the settings with which terraform-docs itself writes the same.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import hcl2

REPOSITORY = Path(__file__).parents[2]
BEGIN, END = "<!-- BEGIN_TF_DOCS -->", "<!-- END_TF_DOCS -->"
_PAGES = "https://registry.terraform.io/providers/hashicorp/aws/latest/docs"
_BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}$', re.MULTILINE | re.DOTALL)

Rows = Iterable[Sequence[str]]


def modules() -> list[Path]:
    return sorted(path.parent for path in REPOSITORY.glob("modules/*/main.tf"))


def documented(module: Path) -> str:
    """Returns the README with its tables as they should be."""
    readme = (module / "README.md").read_text()
    before, marker, rest = readme.partition(BEGIN)
    assert marker, f"{module.name}/README.md has no line {BEGIN}"
    return f"{before}{tables(module)}{rest.partition(END)[2]}"


def tables(module: Path) -> str:
    """Returns the part between the markers, and both of them."""
    parsed = [hcl2.loads(path.read_text()) for path in _files(module)]
    sections = (
        ("Requirements", ("Name", "Version"), _requirements(parsed)),
        ("Providers", ("Name", "Version"), _providers(parsed)),
        ("Modules", ("Name", "Source", "Version"), _modules(parsed)),
        ("Resources", ("Name", "Type"), sorted(_resources(parsed))),
        ("Inputs", ("Name", "Description", "Type", "Default", "Required"), _inputs(module)),
        ("Outputs", ("Name", "Description"), _outputs(module)),
    )
    shown = "\n\n".join(_section(*each) for each in sections)
    return f"{BEGIN}\n{shown}\n{END}"


def _section(title: str, columns: Sequence[str], rows: Rows) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return f"## {title}\n\nNo {title.lower()}."
    rule = [":--------:" if name == "Required" else "-" * (len(name) + 2) for name in columns]
    head = [f"| {' | '.join(columns)} |", f"|{'|'.join(rule)}|"]
    return "\n".join([f"## {title}", "", *head, *lines])


def _files(module: Path) -> list[Path]:
    return sorted(module.glob("*.tf"))


def _of(parsed: Iterable[dict[str, Any]], kind: str) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Yields the labels and the body of each block of a kind."""
    for file in parsed:
        for block in file.get(kind, []):
            labels: list[str] = []
            body = block
            while kind in ("resource", "data", "module") and len(labels) < _LABELS[kind]:
                ((name, body),) = ((k, v) for k, v in body.items() if not k.startswith("__"))
                labels.append(name.strip('"'))
            yield labels, body


_LABELS = {"resource": 2, "data": 2, "module": 1}


def _requirements(parsed: Sequence[dict[str, Any]]) -> Rows:
    for _, body in _of(parsed, "terraform"):
        yield "terraform", _plain(body["required_version"])
        yield from _required_providers(body)


def _required_providers(body: dict[str, Any]) -> Rows:
    for each in body.get("required_providers", []):
        for name, values in each.items():
            if not name.startswith("__"):
                yield name, _plain({k.strip('"'): v for k, v in values.items()}["version"])


def _providers(parsed: Sequence[dict[str, Any]]) -> Rows:
    used = {labels[0] for kind in ("resource", "data") for labels, _ in _of(parsed, kind)}
    for _, body in _of(parsed, "terraform"):
        for name, version in _required_providers(body):
            if any(each.startswith(f"{name}_") for each in used):
                yield name, version
    if "terraform_data" in used:
        yield "terraform", "n/a"


def _modules(parsed: Sequence[dict[str, Any]]) -> Rows:
    for (name,), body in _of(parsed, "module"):
        yield name, _plain(body["source"]), "n/a"


def _resources(parsed: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for kind, folder, shown in (
        ("resource", "resources", "resource"),
        ("data", "data-sources", "data source"),
    ):
        for (resource, name), _ in _of(parsed, kind):
            provider, _, page = resource.partition("_")
            link = f"{_PAGES}/{folder}/{page}"
            if provider == "terraform":
                link = "https://registry.terraform.io/providers/hashicorp/terraform/latest/docs/resources/data"
            yield f"[{resource}.{name}]({link})", shown


def _inputs(module: Path) -> Rows:
    for name, body, text in _written(module, "variable"):
        required = "default" not in body
        default = "n/a" if required else _default(body["default"])
        answer = "yes" if required else "no"
        yield name, _described(body), _code(_expression(text, "type")), default, answer


def _outputs(module: Path) -> Rows:
    for name, body, _ in _written(module, "output"):
        yield name, _described(body)


def _written(module: Path, kind: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yields name, parsed body and text of variables or outputs, in their order."""
    for path in _files(module):
        for found in _BLOCK.finditer(path.read_text()):
            if found[1] == kind:
                ((_, body),) = hcl2.loads(found[0] + "\n")[kind][0].items()
                yield found[2], body, found[3]


def _expression(text: str, name: str) -> str:
    """Returns an argument's expression as it is written."""
    start = re.search(rf"^  {name} += ", text, re.MULTILINE)
    assert start
    lines, depth = [], 0
    for line in text[start.end() :].splitlines():
        lines.append(line)
        depth += sum(line.count(each) for each in "([{") - sum(line.count(each) for each in ")]}")
        if depth == 0:
            break
    return "\n".join(lines)


def _described(body: dict[str, Any]) -> str:
    return _plain(body["description"]).replace("|", r"\|")


def _plain(value: Any) -> str:
    """Returns the text that a quoted string of HCL stands for."""
    text = str(value)
    return str(json.loads(text)) if text.startswith('"') else str(json.loads(f'"{text}"'))


def _default(value: Any) -> str:
    return _code(json.dumps(_value(value), indent=2, ensure_ascii=False))


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return {k.strip('"'): _value(each) for k, each in value.items() if not k.startswith("__")}
    if isinstance(value, list):
        return [_value(each) for each in value]
    return _plain(value) if isinstance(value, str) else value


def _code(text: str) -> str:
    return f"<pre>{text.replace(chr(10), '<br/>')}</pre>" if "\n" in text else f"`{text}`"


if __name__ == "__main__":
    for each in modules():
        page, wanted = each / "README.md", documented(each)
        if page.read_text() != wanted:
            page.write_text(wanted)
