"""One account more in `accounts` of org-spoke changes nothing for the others."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.aws import REPOSITORY
from sandbox.terraform import cli_environment, find_terraform, shared_provider

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
        self._program = find_terraform()
        self.environment = {
            "PATH": os.environ["PATH"],
            # `endpoints` of the provider says the same, and costs four seconds in each plan.
            "AWS_ENDPOINT_URL_ORGANIZATIONS": organization,
            **cli_environment(folder),
        }
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

    def plan(self, *options: str, **arguments: Any) -> tuple[int, list[Json]]:
        """Returns the status and the messages; with a state, nothing is read again."""
        root = {
            "provider": {"aws": PROVIDER},
            "module": {"members": self._module | arguments},
            "output": {"made": {"value": "${module.members.stack_instances}"}},
        }
        (self.folder / "main.tf.json").write_text(json.dumps(root))
        if not (self.folder / ".terraform").exists():
            self._terraform("init", "-backend=false")
        answer = self._terraform("plan", "-refresh=false", "-input=false", "-json", *options)
        said = [json.loads(line) for line in answer.stdout.splitlines()]
        return answer.returncode, said

    def refused(self, **arguments: Any) -> str:
        """What a plan that fails says."""
        code, said = self.plan(**arguments)
        assert code == 1
        return " ".join(each["diagnostic"]["detail"] for each in said if "diagnostic" in each)

    def changes(self, *options: str, **arguments: Any) -> dict[str, str]:
        """The stack instances that a plan changes, by address, and how."""
        code, said = self.plan(*options, **arguments)
        assert code == 0, said
        planned = (each["change"] for each in said if each["type"] == "planned_change")
        return {
            change["resource"]["addr"]: change["action"]
            for change in planned
            if change["resource"]["resource_type"] == INSTANCE
        }

    @cache  # noqa: B019 - there is one for all tests
    def _first_plan(self, arguments: str) -> str:
        """The resources that the first apply with these arguments makes, as JSON."""
        code, said = self.plan("-out=plan", **json.loads(arguments))
        assert code == 0, said
        plan = json.loads(self._terraform("show", "-json", "plan").stdout)
        (module,) = plan["planned_values"]["root_module"]["child_modules"]
        return json.dumps(module["resources"])

    def apply(self, deployed: Json, **arguments: Any) -> None:
        """Writes the state of an apply after which these accounts have stacks, by unit."""
        (self.folder / "terraform.tfstate").unlink(missing_ok=True)
        resources = []
        for resource in json.loads(self._first_plan(json.dumps(arguments))):
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
            [self._program, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Members]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Units) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        made = Members(tmp_path_factory.mktemp("members"), f"http://127.0.0.1:{port}")
        with shared_provider(made.folder, made.environment) as stored:
            made.environment |= stored
            yield made
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


def test_one_more_excluded_account_is_taken_away_alone(members: Members) -> None:
    members.apply({UNITS[0]: [FIRST], UNITS[1]: [SECOND]}, accounts={"exclude": [THIRD]})
    said = members.refused(accounts={"exclude": [SECOND, THIRD]})
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
    assert f"cannot remove the stacks of {SECOND}" in members.refused(
        accounts={"exclude": [SECOND]}
    )
    members.apply({**ALL, UNITS[1]: []})
    assert members.changes(accounts={"exclude": [SECOND]}) == {}


def test_one_more_included_account_is_added_alone(members: Members) -> None:
    members.apply({UNITS[0]: [FIRST], UNITS[1]: []}, accounts={"include": [FIRST]})
    said = members.refused(accounts={"include": [FIRST, SECOND]})
    assert f"Some stacks are missing in {SECOND} of accounts.include" in said
    assert said.index(command("create", "roles", SECOND)) < said.index(
        command("create", "rules", SECOND)
    )
    members.apply({UNITS[0]: [FIRST], UNITS[1]: [SECOND]}, accounts={"include": [FIRST]})
    assert members.changes(accounts={"include": [FIRST, SECOND]}) == {}


def test_an_account_that_is_included_no_more_is_named(members: Members) -> None:
    members.apply(ALL, accounts={"include": [FIRST, SECOND, THIRD]})
    said = members.refused(accounts={"include": [FIRST, SECOND]})
    assert command("delete", "roles", THIRD) in said


def test_a_delegated_administrator_is_notified_to_act_as_one(members: Members) -> None:
    members.apply(ALL, call_as="DELEGATED_ADMIN")
    said = members.refused(call_as="DELEGATED_ADMIN", accounts={"exclude": [FIRST]})
    assert "--stack-set-name qualys-image-scan-spoke-roles --call-as DELEGATED_ADMIN" in said


def test_one_more_unit_adds_its_own_instances_alone(members: Members) -> None:
    members.apply({UNITS[0]: [FIRST], UNITS[1]: [SECOND]}, accounts={"exclude": [THIRD]})
    unit = "ou-ab12-11111111"
    found = members.changes(accounts={"exclude": [THIRD]}, organizational_unit_ids=[*UNITS, unit])
    assert found == {
        f'module.members.{INSTANCE}.roles["{unit}"]': "create",
        f'module.members.{INSTANCE}.rules["{unit}/eu-central-1"]': "create",
    }


def test_all_is_destroyed_whatever_accounts_says(members: Members) -> None:
    members.apply(ALL, accounts={"exclude": [SECOND]})
    found = members.changes("-destroy", accounts={"exclude": [SECOND]})
    assert set(found.values()) == {"delete"}
