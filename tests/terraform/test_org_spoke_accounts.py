"""One account more in `accounts` of org-spoke changes nothing for the others."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.aws import REPOSITORY
from sandbox.terraform import cli_environment, find_terraform

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Json = dict[str, Any]
UNITS = ["ou-ab12-00000000", "ou-ab12-cdef3456"]
FIRST, SECOND, THIRD = "444455556666", "555566667777", "666677778888"
INSTANCE = "aws_cloudformation_stack_set_instance"
PROVIDER = {
    "region": "eu-central-1",
    "access_key": "test",
    "secret_key": "test",
    "skip_credentials_validation": True,
    "skip_metadata_api_check": True,
    "skip_requesting_account_id": True,
}


class Units(BaseHTTPRequestHandler):
    """The organization: no unit lies in another."""

    def do_POST(self) -> None:
        body = b'{"OrganizationalUnits": []}'
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Members:
    """The module in a root of its own. What has been applied is a state that is written here: the
    real provider says what a plan would do to it. Of AWS only the organization is asked."""

    def __init__(self, folder: Path, organization: str) -> None:
        self.folder = folder
        self._provider = PROVIDER | {"endpoints": {"organizations": organization}}
        self.environment = {"PATH": os.environ["PATH"], **cli_environment(folder)}
        template = f"{REPOSITORY}/modules/org-spoke/templates/rules.yaml"
        pattern = f'yamldecode(file("{template}")).Resources.Rule.Properties.EventPattern'
        self._module: Json = {
            "source": str(REPOSITORY / "modules/org-spoke"),
            "organizational_unit_ids": UNITS,
            "regions": ["eu-central-1"],
            "hub": {
                "account_id": "111122223333",
                "region": "eu-central-1",
                "event_bus_arn": "arn:aws:events:eu-central-1:111122223333:event-bus/a-hub",
                "event_pattern": f"${{jsonencode({pattern})}}",
                "organization_id": "o-abcdefghij",
                "describe_principal_arns": ["arn:aws:iam::111122223333:role/a-parse-event"],
                "describe_role_name": "a-describe",
                "describe_external_id": "a-111122223333",
                "iam_path": "/",
                "registry_role_name": "a-registry",
            },
        }

    def plan(self, *options: str, **arguments: Any) -> tuple[int, Json, str]:
        """Status, plan and what was printed; with a state, nothing is read again."""
        root = {
            "provider": {"aws": self._provider},
            "module": {"members": self._module | arguments},
            "output": {"made": {"value": "${module.members.stack_instances}"}},
        }
        (self.folder / "main.tf.json").write_text(json.dumps(root))
        if not (self.folder / ".terraform").exists():
            assert self._terraform("init", "-backend=false").returncode == 0
        answer = self._terraform("plan", "-refresh=false", "-input=false", "-out=plan", *options)
        if answer.returncode:
            return answer.returncode, {}, answer.stdout + answer.stderr
        shown = json.loads(self._terraform("show", "-json", "plan").stdout)
        return 0, shown, answer.stdout

    def changes(self, **arguments: Any) -> dict[str, list[str]]:
        code, plan, printed = self.plan(**arguments)
        assert code == 0, printed
        return changes(plan)

    def apply(self, deployed: Json, **arguments: Any) -> None:
        """Writes the state of an apply after which these accounts have stacks, by unit."""
        (self.folder / "terraform.tfstate").unlink(missing_ok=True)
        code, plan, printed = self.plan(**arguments)
        assert code == 0, printed
        resources = []
        (module,) = plan["planned_values"]["root_module"]["child_modules"]
        for resource in module["resources"]:
            values = resource["values"]
            if resource["type"] == INSTANCE:
                unit = values["deployment_targets"][0]["organizational_unit_ids"][0]
                values["stack_instance_summaries"] = [
                    {"account_id": account, "organizational_unit_id": unit, "stack_id": "s"}
                    for account in deployed[unit]
                ]
                values["id"] = f"{values['stack_set_name']},{unit},{values['region']}"
            else:
                values["id"] = values["name"]
                values["arn"] = f"arn:aws:cloudformation:eu-central-1:1:stackset/{values['name']}"
            instance = {
                "schema_version": resource["schema_version"],
                "attributes": values,
                "sensitive_attributes": [],
            }
            if "index" in resource:
                instance["index_key"] = resource["index"]
            resources.append(
                {
                    "module": "module.members",
                    "mode": "managed",
                    "type": resource["type"],
                    "name": resource["name"],
                    "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
                    "instances": [instance],
                }
            )
        merged: dict[str, Json] = {}
        for each in resources:
            known = merged.setdefault(f"{each['type']}.{each['name']}", each)
            if known is not each:
                known["instances"] += each["instances"]
        state = {"version": 4, "serial": 1, "lineage": "a", "outputs": {}}
        state["resources"] = list(merged.values())
        (self.folder / "terraform.tfstate").write_text(json.dumps(state))

    def _terraform(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [find_terraform(), *arguments, *([] if arguments[0] == "show" else ["-no-color"])],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


def changes(plan: Json) -> dict[str, list[str]]:
    return {
        each["address"]: each["change"]["actions"]
        for each in plan["resource_changes"]
        if each["type"] == INSTANCE and each["change"]["actions"] != ["no-op"]
    }


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Members]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Units) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        yield Members(tmp_path_factory.mktemp("members"), f"http://127.0.0.1:{port}")
        server.shutdown()


ALL = {UNITS[0]: [FIRST, THIRD], UNITS[1]: [SECOND]}
TARGETS = f"--deployment-targets OrganizationalUnitIds={','.join(UNITS)}"


def command(verb: str, part: str, account: str, *options: str) -> str:
    """Arguments of the AWS CLI, for one account alone."""
    return " ".join(
        [
            f"aws cloudformation {verb}-stack-instances",
            f"--region eu-central-1 --stack-set-name qualys-image-scan-spoke-{part}",
            "--regions eu-central-1",
            f"{TARGETS},Accounts={account},AccountFilterType=INTERSECTION",
            *options,
        ]
    )


def flat(printed: str) -> str:
    """Terraform breaks the lines of a message, and frames them."""
    return " ".join(printed.replace("│", " ").split())


def test_one_more_excluded_account_is_taken_away_alone(members: Members) -> None:
    members.apply({UNITS[0]: [FIRST], UNITS[1]: [SECOND]}, accounts={"exclude": [THIRD]})
    code, _, printed = members.plan(accounts={"exclude": [SECOND, THIRD]})
    assert code == 1
    said = flat(printed)
    assert f"Changing `accounts` cannot remove the stacks of {SECOND}" in said
    rules, roles = (
        said.index(command("delete", part, SECOND, "--no-retain-stacks"))
        for part in ("rules", "roles")
    )
    assert rules < roles
    # What is planned when that has been done:
    members.apply({UNITS[0]: [FIRST], UNITS[1]: []}, accounts={"exclude": [THIRD]})
    assert members.changes(accounts={"exclude": [SECOND, THIRD]}) == {}


def test_the_first_excluded_account_changes_nothing_for_the_others(members: Members) -> None:
    members.apply(ALL)
    code, _, printed = members.plan(accounts={"exclude": [SECOND]})
    assert (code, f"cannot remove the stacks of {SECOND}" in flat(printed)) == (1, True)
    members.apply({**ALL, UNITS[1]: []})
    assert members.changes(accounts={"exclude": [SECOND]}) == {}


def test_one_more_included_account_is_added_alone(members: Members) -> None:
    members.apply({UNITS[0]: [FIRST], UNITS[1]: []}, accounts={"include": [FIRST]})
    code, _, printed = members.plan(accounts={"include": [FIRST, SECOND]})
    assert code == 1
    said = flat(printed)
    assert f"Some stacks are missing in {SECOND} of accounts.include" in said
    assert said.index(command("create", "roles", SECOND)) < said.index(
        command("create", "rules", SECOND)
    )
    members.apply({UNITS[0]: [FIRST], UNITS[1]: [SECOND]}, accounts={"include": [FIRST]})
    assert members.changes(accounts={"include": [FIRST, SECOND]}) == {}


def test_an_account_that_is_included_no_more_is_named(members: Members) -> None:
    members.apply(ALL, accounts={"include": [FIRST, SECOND, THIRD]})
    code, _, printed = members.plan(accounts={"include": [FIRST, SECOND]})
    assert (code, command("delete", "roles", THIRD) in flat(printed)) == (1, True)


def test_a_delegated_administrator_is_notified_to_act_as_one(members: Members) -> None:
    members.apply(ALL, call_as="DELEGATED_ADMIN")
    _, _, printed = members.plan(call_as="DELEGATED_ADMIN", accounts={"exclude": [FIRST]})
    assert "--stack-set-name qualys-image-scan-spoke-roles --call-as DELEGATED_ADMIN" in flat(
        printed
    )


def test_one_more_unit_adds_its_own_instances_alone(members: Members) -> None:
    members.apply({UNITS[0]: [FIRST], UNITS[1]: [SECOND]}, accounts={"exclude": [THIRD]})
    unit = "ou-ab12-11111111"
    found = members.changes(accounts={"exclude": [THIRD]}, organizational_unit_ids=[*UNITS, unit])
    assert found == {
        f'module.members.{INSTANCE}.roles["{unit}"]': ["create"],
        f'module.members.{INSTANCE}.rules["{unit}/eu-central-1"]': ["create"],
    }


def test_all_is_destroyed_whatever_accounts_says(members: Members) -> None:
    members.apply(ALL, accounts={"exclude": [SECOND]})
    code, plan, printed = members.plan("-destroy", accounts={"exclude": [SECOND]})
    assert code == 0, printed
    assert {tuple(actions) for actions in changes(plan).values()} == {("delete",)}
