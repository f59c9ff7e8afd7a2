"""A wrong shape is refused in the words of the variable, and a number in quotes is taken.

Inputs are `any`, so Terraform converts nothing before the conditions read them. A condition that
cannot be evaluated says so in Terraform's words.
"""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.terraform_inputs import OF_ORG_SPOKE, VALID, Inputs, terraform

# What people wrote, besides what is made of VALID below.
WRITTEN: list[tuple[str, Any]] = [
    ("exceptions", {"cve": "CVE-2026-1234"}),
    ("exceptions", {"first": VALID["exceptions"][0]}),
    ("exceptions", [None]),
    ("exceptions", [{"cve": "CVE-2026-1234", "repository": "shop/*", "until": "2099-12-31"}]),
    ("network", {"vpc": {"subnet_ids": ["subnet-1"]}}),
    ("spokes", {"accounts": ["444455556666"]}),
    ("spokes", {"regional": "true"}),
    ("owners", {"topics": {"x": "arn"}}),
    ("owners", {"topics": {"x": None}}),
    ("notify", {"timeout": "no"}),
    ("lambda_package", {"s3": {"bucket": "b"}}),
    ("lambda_package", [{"path": "x.zip"}]),
    ("lambda_package", {"path": {"a": "x.zip"}}),
    ("deployment_gate", {"deadline_minutes": "an hour"}),
    ("registry_role", {"existing_arn": ["arn:aws:iam::111122223333:role/theirs"]}),
    ("scope", {"exclude": [{"clusters": ["dev"]}]}),
    ("scope", {"exclude": [None]}),
    ("scope", {"exclude": {"first": VALID["scope"]["exclude"][0]}}),
    ("log", {"retention_days": "90 days"}),
    ("log", {"level": ["INFO"]}),
]
Step = str | int


def leaves(value: Any, steps: tuple[Step, ...] = ()) -> list[tuple[Step, ...]]:
    """The steps to each value inside of a value, and to the value itself."""
    found = [steps]
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        found += [path for step, inner in pairs for path in leaves(inner, (*steps, step))]
    return found


def replaced(value: Any, steps: tuple[Step, ...], by: Any) -> Any:
    if not steps:
        return by
    changed = copy.copy(value)
    changed[steps[0]] = replaced(value[steps[0]], steps[1:], by)
    return changed


def inside(value: Any, steps: tuple[Step, ...]) -> Any:
    return inside(value[steps[0]], steps[1:]) if steps else value


def wrong(valid: dict[str, Any]) -> list[tuple[str, Any]]:
    """Each input, with one value of it replaced by a value of another kind."""
    found: list[tuple[str, Any]] = []
    for name, value in valid.items():
        for steps in leaves(value):
            old = inside(value, steps)
            others: list[Any] = [{"a": {}}, [{}]]
            if isinstance(old, list):
                others = ["text", True, {"a": old[0]}]
            elif isinstance(old, dict):
                others = ["text", True, [old]]
            found += [(name, replaced(value, steps, other)) for other in others]
    return found


def together(cases: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    """Plans that have one case of each input: a plan takes a second."""
    plans: list[dict[str, Any]] = []
    for name, value in cases:
        plan = next((plan for plan in plans if name not in plan), None)
        if plan is None:
            plans.append(plan := {})
        plan[name] = value
    return plans


PLANS = [("root", VALID, plan) for plan in together(WRITTEN + wrong(VALID))]
PLANS += [("org-spoke", OF_ORG_SPOKE, plan) for plan in together(wrong(OF_ORG_SPOKE))]


@pytest.mark.parametrize(("folder", "valid", "given"), PLANS)
def test_a_wrong_shape_is_refused_in_our_words(
    tmp_path: Path, folder: str, valid: dict[str, Any], given: dict[str, Any]
) -> None:
    inputs = Inputs(folder, tmp_path)
    printed = inputs.plan(valid | given)
    refused = inputs.refused(printed)
    assert printed.count("Error: ") == len(refused), printed
    assert printed.count("Error: Invalid value for variable") == len(refused), printed
    missed = given.keys() - {*refused}
    assert not missed, json.dumps({name: given[name] for name in missed})


def test_an_input_that_is_text_gets_a_sentence_about_objects(tmp_path: Path) -> None:
    inputs = Inputs("root", tmp_path)
    printed = inputs.plan(dict.fromkeys(VALID, "text"))
    for name in VALID.keys() - {"topic_access", "exceptions"}:
        assert f"{name} is not an object. Its attributes are: " in printed, name
    assert "exceptions is not a list of objects." in printed
    # And not one sentence of each condition that reads a part of it.
    refused = inputs.refused(printed)
    more = {name for name in VALID if refused.count(name) > 1}
    assert more == {"registry_role", "lambda_package", "exceptions"}, printed


def test_a_role_that_is_null_is_one_error(tmp_path: Path) -> None:
    assert Inputs("root", tmp_path).plan({**VALID, "registry_role": None}).count("Error: ") == 1


def quoted(value: Any) -> Any:
    """The value as a map of text has it. Terraform converts such text for a typed variable."""
    if isinstance(value, dict):
        return {name: quoted(each) for name, each in value.items()}
    if isinstance(value, list):
        return [quoted(each) for each in value]
    return value if value is None or isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize("folder", ["root", "org-spoke"])
@pytest.mark.parametrize("change", [copy.deepcopy, quoted])
def test_numbers_may_be_in_quotes(tmp_path: Path, folder: str, change: Any) -> None:
    values = change(VALID if folder == "root" else OF_ORG_SPOKE)
    if folder == "root":
        values["spokes"]["regional"] = True
    printed = Inputs(folder, tmp_path).plan(values)
    assert "Error" not in printed, printed


def test_maps_of_text_are_taken(tmp_path: Path) -> None:
    """A wrapper may give the type of an input as map(string)."""
    (tmp_path / "inputs").mkdir()
    Inputs("root", tmp_path / "inputs")
    texts = {name: quoted(VALID[name]) for name in ("scan_polling", "notify", "log")}
    blocks = [
        f'variable "{name}" {{\n  type = map(string)\n  default = {json.dumps(value)}\n}}\n'
        for name, value in texts.items()
    ]
    given = [f"  {name} = var.{name}\n" for name in texts]
    given += [f"  {name} = {json.dumps(VALID[name])}\n" for name in ("registry_role", "exceptions")]
    (tmp_path / "main.tf").write_text(
        "".join(blocks)
        + 'module "inputs" {\n  source = "./inputs"\n  qualys_pod = "US2"\n'
        + '  qualys_credentials = { token = "t" }\n'
        + "".join(given)
        + "}\n"
    )
    terraform("get", tmp_path)
    printed = terraform("plan", tmp_path)
    assert "Error" not in printed, printed


UNKNOWN = "jsondecode(terraform_data.this.id)"


def unknown(value: Any) -> Any:
    """The value with each text, number and switch in it unknown at plan."""
    if isinstance(value, dict):
        return {name: unknown(each) for name, each in value.items()}
    if isinstance(value, list):
        return [unknown(each) for each in value]
    return value if value is None else UNKNOWN


@pytest.mark.parametrize("change", [unknown, lambda _: UNKNOWN], ids=["each value", "all of it"])
def test_what_is_unknown_at_plan_is_not_refused(tmp_path: Path, change: Any) -> None:
    (tmp_path / "inputs").mkdir()
    Inputs("root", tmp_path / "inputs")
    given = {name: change(value) for name, value in VALID.items() if name != "qualys_credentials"}
    lines = [f"  {name} = {json.dumps(value)}\n" for name, value in given.items()]
    (tmp_path / "main.tf").write_text(
        'resource "terraform_data" "this" {}\n'
        + 'module "inputs" {\n  source = "./inputs"\n  qualys_pod = "US2"\n'
        + '  qualys_credentials = { token = "t" }\n'
        + "".join(lines).replace(f'"{UNKNOWN}"', UNKNOWN)
        + "}\n"
    )
    terraform("init", tmp_path)
    printed = terraform("plan", tmp_path)
    assert "Error" not in printed, printed
    assert "1 to add" in printed
