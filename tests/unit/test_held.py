"""What did not work for an attacker, as far as the sources of modules and functions show it.

docs/security.md lists it; other tests with the same mark are where the code is that they test.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_scan.ecr import digests, references
from image_scan.events import deployments
from image_scan.events.workloads import workload_of
from image_scan.state import keys
from tests.support import builders, definitions

Json = dict[str, Any]
MODULES = Path(__file__).parents[2] / "modules"
FILES = {
    str(path.relative_to(MODULES)): path.read_text() for path in sorted(MODULES.glob("**/*.tf"))
}
READ: dict[str, Json] = {name: hcl2.loads(text) for name, text in FILES.items()}
DIGEST = f"sha256:{'a' * 64}"
PREFIXES = (
    *("sha256:", "findings#", "tasks#"),
    *(value for name, value in vars(keys).items() if name.isupper()),
)


def plain(value: Any) -> Any:
    """A value without the quotes that the parser leaves."""
    if isinstance(value, str):
        return value.strip('"')
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {plain(name): plain(each) for name, each in value.items()}
    return value


def statements() -> Iterator[tuple[str, Json]]:
    """Every statement of every policy document, with its file."""
    for name, read in READ.items():
        for document in plain(read.get("data", [])):
            for content in document.get("aws_iam_policy_document", {}).values():
                for each in content.get("statement", []):
                    yield name, each
                for each in content.get("dynamic", []):
                    for inner in each["statement"]["content"]:
                        yield name, inner


def conditions(statement: Json) -> set[str]:
    found = [*statement.get("condition", [])]
    found += [
        inner
        for each in statement.get("dynamic", [])
        for inner in each.get("condition", {}).get("content", [])
    ]
    return {each["variable"] for each in found}


def principals(statement: Json) -> Iterator[tuple[str, str]]:
    for each in statement.get("principals", []):
        yield each["type"], str(each["identifiers"])


@pytest.mark.held("forged events")
def test_rules_match_events_that_only_aws_can_put() -> None:
    sources = {
        (name, source)
        for name, text in FILES.items()
        for listed in re.findall(r"^ *(?:source|event_sources) += \[(.+)\]$", text, re.MULTILINE)
        for source in re.findall(r'"(.+?)"', listed)
    }
    assert sources == {
        ("event-detection/main.tf", "aws.ecs"),
        ("workflow/scan_ended.tf", "aws.states"),
        ("security-hub/main.tf", "image-scan"),  # its event needs a grant; see the page
    }
    text = "\n".join(FILES.values())
    assert "Image Scan Requested" not in text
    assert "input_transformer" not in text
    patterns = re.findall(r"^  event_pattern += (\S+?)\(?(?:\{.*)?$", text, re.MULTILINE)
    assert set(patterns) == {"jsonencode", "local.hub_event_pattern", "var.hub.event_pattern"}


@pytest.mark.held("forged events")
def test_what_a_caller_writes_into_an_event_resolves_no_tag() -> None:
    """The queue's own message has it beside `detail`, where EventBridge lets nobody write."""
    event = builders.event("run_task")
    event["detail"]["resolved"] = {"app": DIGEST}
    event["detail"]["requestParameters"]["resolved"] = {"app": DIGEST}
    assert DIGEST not in deployments.parse(event).digests.values()
    assert DIGEST in deployments.parse({**event, "resolved": {"app": DIGEST}}).digests.values()


@pytest.mark.held("colliding keys")
@given(st.one_of(st.text(), st.sampled_from([f"{each}x" for each in PREFIXES])))
def test_no_reference_makes_a_key_of_another_kind(uri: str) -> None:
    for text in (uri, f"111111111111.dkr.ecr.us-east-1.amazonaws.com/{uri}"):
        found = references.parse(text)
        if isinstance(found, references.Unscannable):
            assert found.key.startswith("other#")
            continue
        (image,) = digests.as_seen([("app", found)], "linux/amd64", confirmed=False)
        assert re.match(r"[0-9]{12}/", image["key"])
        assert not image["key"].startswith((*PREFIXES, "other#"))


@pytest.mark.held("colliding keys")
def test_two_workloads_have_two_ids() -> None:
    """The parts of an id are names of ECS, and none of these can contain what separates them."""
    parts = [("a", "b-c"), ("a-b", "c"), ("a.b", "c"), ("a", "")]
    made = {
        workload_of(builders.scan_input(cluster=cluster, service=service))[0]
        for cluster, service in parts
    }
    assert len(made) == len(parts)
    assert all(name.count("#") == 3 for name in made)


@pytest.mark.held("roles and buses of others")
def test_whoever_is_let_in_is_let_in_under_a_condition() -> None:
    open_ones = {
        (name, each["sid"])
        for name, each in statements()
        if each.get("effect", "Allow") == "Allow" and [*principals(each)] and not conditions(each)
    }
    assert open_ones == {
        # AWS documents no condition for Lambda's and ECS' roles, and EventBridge gives KMS none.
        ("deployment-gate/iam.tf", "RunFunctions"),
        ("workflow/iam.tf", "RunFunctions"),
        ("deployment-gate/hook_role.tf", "InvokeByEcs"),
        ("regional-spoke/deployment_gate.tf", "InvokeByEcs"),
        ("encryption/main.tf", "DeliverEvents"),
        ("encryption/main.tf", "AdministerByAccount"),  # this account's root
        ("notifications/main.tf", "SubscribeFromAccounts"),  # only those that an input names
    }


@pytest.mark.held("roles and buses of others")
def test_the_hub_bus_takes_events_of_ecs_alone_and_from_members_alone() -> None:
    found = {each["sid"]: each for name, each in statements() if name == "hub-bus/main.tf"}
    assert set(found) == {"ForwardFromOrganization", "ForwardFromAccounts"}
    for each in found.values():
        assert each["actions"] == ["events:PutEvents"]
        (source,) = [one for one in each["condition"] if one["variable"] == "events:source"]
        assert source["values"] == ["aws.ecs"]
    assert conditions(found["ForwardFromOrganization"]) == {"aws:PrincipalOrgID", "events:source"}
    assert '"*"' not in str(found["ForwardFromAccounts"]["principals"])


@pytest.mark.held("roles and buses of others")
def test_a_function_enters_accounts_of_the_organization_or_of_the_list_alone() -> None:
    entering = {
        each["sid"]: each
        for _, each in statements()
        if each["actions"] == ["sts:AssumeRole"] and not [*principals(each)]
    }
    assert set(entering) == {"ReadOrganization", "ReadMembers"}
    assert conditions(entering["ReadOrganization"]) == {"aws:ResourceOrgID"}


@pytest.mark.held("roles and buses of others")
def test_every_role_is_made_under_the_path_of_the_installation() -> None:
    paths = {
        (name, role): content.get("path")
        for name, read in READ.items()
        for resource in plain(read.get("resource", []))
        for role, content in resource.get("aws_iam_role", {}).items()
    }
    assert len(paths) > 6
    assert {path for path in paths.values() if "path" not in str(path)} == set()


@pytest.mark.held("injected text")
def test_no_machine_evaluates_what_a_name_holds() -> None:
    for machine in definitions.MACHINES:
        text = (MODULES / f"workflow/{machine}.asl.json").read_text()
        assert "$eval" not in text


@pytest.mark.held("injected text")
@pytest.mark.parametrize("mark", "`'\"\\() \n*$&|")
@pytest.mark.parametrize("name", ["{}", "{}a", "a{}", "a{}b", "a/{}b", "a{}/b"])
def test_no_repository_ends_the_query_that_qualys_is_asked(name: str, mark: str) -> None:
    found = references.parse(f"111111111111.dkr.ecr.us-east-1.amazonaws.com/{name.format(mark)}")
    assert isinstance(found, references.Unscannable)


@pytest.mark.held("injected text")
def test_the_report_escapes_names_and_loads_nothing() -> None:
    ops = MODULES.parent / "ops/report"
    template = (ops / "page.html.jinja").read_text()
    (policy,) = re.findall(r'"Content-Security-Policy" content="(.+?)"', template)
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe-inline" not in policy.split("script-src")[1]
    unescaped = re.findall(r"(\w+)\s*\|\s*safe\b", template)
    assert unescaped == ["style", "script"]
    assert "autoescape=True" in (ops / "command.py").read_text()
