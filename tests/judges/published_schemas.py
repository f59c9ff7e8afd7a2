"""Schemas of the aws provider, as packages for other languages carry them.

Those of the CDK have every argument, block and attribute of one version of the provider. That of
Pulumi says what is deprecated.
"""

import ast
import re
import tarfile
import zipfile
from pathlib import Path

from tests.judges.written_terraform import Written

# Types whose names have no service.
_ALONE = {
    "aws_caller_identity": "CallerIdentity",
    "aws_cloudtrail": "cloudtrail.Trail",
    "aws_partition": "Partition",
    "aws_region": "Region",
}
_INTERFACE = re.compile(r"export interface (\w+)[^{]*\{\n(.*?)\n\}", re.DOTALL)
_PROPERTY = re.compile(r"#(\w+) \w+#\w+\}.*?\n    readonly (\w+)(\??): (.+?)[;{]", re.DOTALL)
_GETTER = re.compile(r"^    get (\w+)\(\)", re.MULTILINE)
_VERSION = re.compile(r"providers/hashicorp/aws/([\d.]+)/docs")


def camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


class Schema:
    """The schema of one version of the provider, of the types that are asked for."""

    def __init__(self, package: Path, types: set[tuple[str, str]]) -> None:
        folders = {f"package/lib/{_folder(*each)}/index.d.ts": each for each in types}
        self._texts = {}
        with tarfile.open(package, "r|gz") as archive:
            for member in archive:
                if member.name in folders:
                    file = archive.extractfile(member)
                    assert file
                    self._texts[folders[member.name]] = file.read().decode()
        (self.version,) = {each for text in self._texts.values() for each in _VERSION.findall(text)}

    def wrong_with(self, written: Written) -> list[str]:
        """The arguments and blocks that there are not, and the required ones that are left out."""
        text = self._texts.get((written.source, written.type))
        if text is None:
            return [f"there is no {written}"]
        interfaces = dict(_INTERFACE.findall(text))
        name = next(each for each in interfaces if each.endswith("Config"))
        for block in written.path:
            of = {known: type_ for known, _, _, type_ in _PROPERTY.findall(interfaces[name])}
            name = re.split(r"[\[ ]", of.get(block, ""))[0].removeprefix("cdktn.")
            if name not in interfaces:
                return [f"{written} is no block"]
        known = {each: optional for each, _, optional, _ in _PROPERTY.findall(interfaces[name])}
        given = written.names | written.blocks
        absent = {each for each, optional in known.items() if not optional} - given
        return [
            *[f"{written} has no {each}" for each in sorted(given - known.keys())],
            *[f"{written} needs {each}" for each in sorted(absent)],
        ]

    def has_attribute(self, source: str, type_: str, name: str) -> bool:
        getters = {each.lower() for each in _GETTER.findall(self._texts.get((source, type_), ""))}
        return camel(name).lower() in getters


def _folder(source: str, type_: str) -> str:
    name = type_.removeprefix("aws_").replace("_", "-")
    return name if source == "resource" else f"data-aws-{name}"


class Deprecations:
    """What Pulumi's package says is deprecated in the provider it was made from."""

    def __init__(self, package: Path) -> None:
        self._archive = zipfile.ZipFile(package)
        self._parsed: dict[str, dict[str, dict[str, str]]] = {}

    def of_argument(self, written: Written, name: str) -> str:
        """The provider's words on an argument of a resource, empty where it has none."""
        folder, own = self._class(written.type)
        blocks = "".join(map(camel, written.path))
        file = "_inputs" if written.path else _snake(own)
        return self._said(f"{folder}{file}", f"{own}{blocks}", name)

    def of_attribute(self, source: str, type_: str, name: str) -> str:
        folder, own = self._class(type_)
        if source == "data":
            return self._said(f"{folder}get_{_snake(own)}", f"Get{own}Result", name)
        return self._said(f"{folder}{_snake(own)}", own, name)

    def _class(self, type_: str) -> tuple[str, str]:
        """The folder of a type in the package, and its class."""
        service, _, rest = type_.removeprefix("aws_").partition("_")
        service, _, own = _ALONE.get(type_, f"{service}.{camel(rest)}").rpartition(".")
        folder = "lambda_" if service == "lambda" else service
        return (f"{folder}/" if folder else ""), own

    def _said(self, file: str, name: str, attribute: str) -> str:
        """What the class says, or that of its arguments; a resource has both."""
        if file not in self._parsed:
            self._parsed[file] = _deprecated(self._archive.read(f"pulumi_aws/{file}.py"))
        classes = self._parsed[file]
        known = [each for each in (name, f"{name}Args", f"{name}InitArgs") if each in classes]
        assert known, f"{file} has no {name}"
        return next((said for each in known if (said := classes[each].get(attribute, ""))), "")


def _deprecated(source: bytes) -> dict[str, dict[str, str]]:
    """By class and property: the words of the decorator that says so."""
    return {
        node.name: {
            member.name: str(ast.literal_eval(decorator.args[0]))
            for member in node.body
            if isinstance(member, ast.FunctionDef)
            for decorator in member.decorator_list
            if isinstance(decorator, ast.Call)
            and ast.unparse(decorator.func).endswith("deprecated")
        }
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef)
    }


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
