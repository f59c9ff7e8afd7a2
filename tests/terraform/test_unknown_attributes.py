"""An attribute that an input does not have is refused by name. Terraform itself drops it."""

import ast
from pathlib import Path
from typing import Any

import hcl2
import pytest

from sandbox.aws import REPOSITORY
from tests.support.terraform_inputs import FOLDERS, GIVEN, Inputs, terraform

# References, which may be given as a whole resource or output.
REFERENCES = {"hub", "qualys_secret", "kms_key", "spokes.organization"}
# The modules that get the root's inputs, and check their types.
RECEIVERS = {
    "workflow": (
        ("qualys_credentials", "scan_polling", "spokes", "owners", "network", "log", "scope")
    ),
    "iam-role": ("registry_role",),
    "notifications": ("topic_access", "exceptions"),
    "package": ("lambda_package",),
}
# What goes to other modules, or under another name.
COMPOSED = {"notify", "deployment_gate", "deployment_gate.policy"}
ELSEWHERE = {"log": {"trail_retention_days"}}


def named(values: dict[str, Any]) -> dict[str, Any]:
    return {name.strip('"'): value for name, value in values.items()}


def variables(folder: Path) -> dict[str, dict[str, Any]]:
    files = sorted(folder.glob("variables*.tf"))
    blocks = [block for file in files for block in hcl2.loads(file.read_text())["variable"]]
    return {name: body for block in blocks for name, body in named(block).items()}


def attributes(folder: Path) -> dict[str, set[str]]:
    """What the inputs of a folder take, by path: `*` stands for an entry of a list or map."""
    file = folder / "attributes.tf"
    if not file.exists():
        return {}
    (block,) = hcl2.loads(file.read_text())["locals"]
    listed = named(block["attributes"])
    return {path: {name.strip('"') for name in names} for path, names in listed.items()}


def declared(path: str, of: str) -> dict[str, set[str]]:
    """The attributes that a type has, by path."""
    text = of.removeprefix("${").removesuffix("}").replace("{}", "None")
    found: dict[str, set[str]] = {}

    def walk(path: str, node: ast.expr) -> None:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            return
        if node.func.id == "object":
            found[path] = {str(each.arg) for each in node.keywords}
            for each in node.keywords:
                walk(f"{path}.{each.arg}", each.value)
        else:
            walk(path if node.func.id == "optional" else f"{path}.*", node.args[0])

    # Written as keywords, a type of Terraform is an expression of Python.
    walk(path, ast.parse(text.replace("({", "(").replace("})", ")"), mode="eval").body)
    return found


# What a message calls a path that has no name of its own.
NAMES = {
    "topic_access.*": "An entry of topic_access",
    "topic_access.*.publishers.*": "An entry of publishers in topic_access",
    "owners.topics.*": "A team in owners.topics",
    "exceptions.*": "An entry of exceptions",
    "scope.include.*": "A rule of scope.include",
    "scope.exclude.*": "A rule of scope.exclude",
}
PATHS = [(name, path) for name, folder in FOLDERS.items() for path in attributes(folder)]


@pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS)
def test_every_input_that_is_an_object_is_listed(folder: Path) -> None:
    taken = variables(folder)
    typed = {name for name, body in taken.items() if "object(" in body["type"]}
    assert typed <= REFERENCES
    listed = {path.split(".")[0] for path in attributes(folder)}
    assert {name for name, body in taken.items() if body["type"] == "any"} == listed
    for path, names in attributes(folder).items():
        description = taken[path.split(".")[0]]["description"]
        assert [name for name in names if f"`{name}`" not in description] == [], path


@pytest.mark.parametrize("module", RECEIVERS)
def test_what_is_listed_is_what_the_modules_take(module: str) -> None:
    listed, receiver = attributes(REPOSITORY), variables(REPOSITORY / "modules" / module)
    for name in RECEIVERS[module]:
        expected = {
            path: names | ELSEWHERE.get(path, set())
            for path, names in declared(name, receiver[name]["type"]).items()
            if path not in REFERENCES
        }
        assert {path: listed[path] for path in listed if path.split(".")[0] == name} == expected


def test_every_listed_input_has_a_receiver() -> None:
    inputs = {path.split(".")[0] for path in attributes(REPOSITORY)}
    assert inputs - {name for names in RECEIVERS.values() for name in names} <= COMPOSED
    gate = variables(REPOSITORY / "modules/deployment-gate")
    policy = variables(REPOSITORY / "modules/workflow")["notification_policy"]
    (flat,) = declared("notify", policy["type"]).values()
    assert attributes(REPOSITORY)["notify"] == flat - {"notify_on"} | {"on"}
    assert attributes(REPOSITORY)["deployment_gate"] <= gate.keys()
    (of_policy,) = declared("policy", gate["policy"]["type"]).values()
    assert attributes(REPOSITORY)["deployment_gate.policy"] == of_policy


def with_unknown(path: str) -> Any:
    """A value of an input that has an attribute `no_such` at the path."""
    value: Any = {"no_such": 1}
    for step in reversed(path.split(".")[1:]):
        if step != "*":
            value = {step: value}
        else:
            is_map = path in ("topic_access.*", "owners.topics.*")
            value = {"people": value} if is_map or "publishers" in value else [value]
    return value


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    """What Terraform says of each path. One plan has an unknown attribute in every input."""
    found: dict[tuple[str, str], str] = {}
    for name in GIVEN:
        inputs = Inputs(name, tmp_path_factory.mktemp(name))
        left = [path for of, path in PATHS if of == name]
        while left:
            together = {path.split(".")[0]: path for path in left}
            printed = inputs.plan({of: with_unknown(path) for of, path in together.items()})
            found |= {(name, path): printed for path in together.values()}
            left = [path for path in left if path not in together.values()]
    return found


@pytest.mark.parametrize(("folder", "path"), PATHS, ids=lambda value: value)
def test_it_is_refused_by_name(said: dict[tuple[str, str], str], folder: str, path: str) -> None:
    # Of an ephemeral value, Terraform prints nothing.
    unknown = (
        "an attribute that does not exist"
        if path == "qualys_credentials"
        else "no attribute no_such"
    )
    sentence = f"{NAMES.get(path, path)} has {unknown}. Its attributes are: "
    printed = said[folder, path]
    assert sentence in printed, printed
    listed = printed.split(sentence)[1].split(".")[0]
    assert {*listed.split(", ")} == attributes(FOLDERS[folder])[path]


def test_what_exists_may_be_null(tmp_path: Path) -> None:
    values = {path: dict.fromkeys(names) for path, names in attributes(REPOSITORY).items()}
    flat = {path: value for path, value in values.items() if "." not in path}
    given = {"qualys_credentials": {**flat.pop("qualys_credentials"), "token": "t"}}
    flat = {name: flat[name] for name in flat if name not in ("registry_role", "lambda_package")}
    assert "Error" not in Inputs("root", tmp_path).plan({**given, **flat})


def test_lists_may_be_null(tmp_path: Path) -> None:
    """From a typed variable they are null lists, which Terraform does not convert to empty ones."""
    (tmp_path / "inputs").mkdir()
    Inputs("root", tmp_path / "inputs")
    (tmp_path / "main.tf").write_text(
        """
        variable "names" {
          type    = list(string)
          default = null
        }
        variable "objects" {
          type    = list(object({ name = string }))
          default = null
        }
        module "inputs" {
          source        = "./inputs"
          qualys_pod    = "US2"
          qualys_secret = { arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:x-AbCdEf" }
          registry_role = { existing_arn = "arn:aws:iam::111122223333:role/theirs" }
          topic_access = {
            people = { subscriber_account_ids = var.names, publishers = var.objects }
          }
          scope = {
            include = var.objects
            exclude = [{
              name         = "shops"
              accounts     = var.names
              clusters     = var.names
              services     = ["shop-*"]
              repositories = var.names
            }]
          }
        }
        """
    )
    terraform("get", tmp_path)
    assert "Error" not in terraform("plan", tmp_path)
