"""The inputs of a folder alone, as a root that needs no provider: a plan of them takes a second."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from sandbox.aws import REPOSITORY
from sandbox.terraform import find_terraform

FOLDERS = {
    "root": REPOSITORY,
    "org-spoke": REPOSITORY / "modules/org-spoke",
    "regional-spoke": REPOSITORY / "modules/regional-spoke",
}
GIVEN: dict[str, dict[str, Any]] = {
    "root": {
        "qualys_pod": "US2",
        "qualys_secret": None,
        "registry_role": {"external_id": "US2-1234", "qualys_account_id": "444455556666"},
    },
    "org-spoke": {
        "hub": {
            "account_id": "111122223333",
            "region": "eu-west-1",
            "event_bus_arn": "arn:aws:events:eu-west-1:111122223333:event-bus/hub",
            "event_pattern": "{}",
            "describe_principal_arns": [],
            "describe_role_name": "describe",
            "describe_external_id": "id",
            "iam_path": "/",
            "registry_role_name": "registry",
        },
        "organizational_unit_ids": ["r-ab12"],
        "regions": ["eu-west-1"],
    },
}


RULE = {
    "name": "shops",
    "accounts": ["444455556666"],
    "clusters": ["dev-*"],
    "services": ["shop-*"],
    "repositories": ["shop/*"],
    "tags": {"image-scan": "skip"},
}
TOPIC = "arn:aws:sns:eu-central-1:111122223333:shop-alerts"
# A value of each input that is an object or a list of objects.
VALID: dict[str, Any] = {
    "qualys_credentials": {"token": "t"},
    "registry_role": {"qualys_account_id": "444455556666", "external_id": "US2-1234"},
    "scan_polling": {"interval_seconds": 60, "max_polls": 30},
    "topic_access": {
        "people": {
            "subscriber_account_ids": ["444455556666"],
            "publishers": [
                {
                    "service": "budgets.amazonaws.com",
                    "source_arns": ["arn:aws:budgets::111122223333:budget/*"],
                }
            ],
        }
    },
    "spokes": {
        "accounts": {"ids": ["444455556666"]},
        "regional": True,
        "registry_role_name": "security/qualys",
    },
    "notify": {
        "min_severity": "high",
        "on": "new",
        "potential": False,
        "only_fixable": True,
        "timeout": False,
        "error": True,
        "unscannable": "daily",
    },
    "owners": {"tag": "team", "topics": {"shop": {"people": TOPIC, "chat": TOPIC}}},
    "exceptions": [
        {
            "qid": 38170,
            "account_id": "111122223333",
            "repository": "shop/*",
            "until": "2099-12-31",
            "reason": "the parser is not reachable",
            "owner": "shop team",
        }
    ],
    "deployment_gate": {
        "mode": "audit",
        "policy": {"min_severity": "high", "only_fixable": True, "only_exploited": False},
        "deadline_minutes": 60,
        "on_undecided": "allow",
        "rollback_days": 7,
    },
    "lambda_package": {"s3": {"bucket": "b", "key": "k", "version": "v"}},
    "network": {
        "vpc": {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]},
        "https_proxy": "http://proxy.internal:3128",
        "no_proxy": ".amazonaws.com",
        "ca_bundle": None,
    },
    "log": {"level": "INFO", "retention_days": 90, "trail_retention_days": 30},
    "scope": {
        "include": [{**RULE, "name": "all", "services": ["all-*"]}],
        "exclude": [{**RULE, "allow_at_gate": True}],
    },
}
OF_ORG_SPOKE: dict[str, Any] = {
    "accounts": {"include": ["444455556666"]},
    "registry_role": {"qualys_account_id": "444455556666", "external_id": "US2-1234"},
    "operation_preferences": {
        "failure_tolerance_percentage": 10,
        "max_concurrent_percentage": 20,
        "region_concurrency_type": "PARALLEL",
    },
}


def terraform(command: str, folder: Path) -> str:
    """Returns what Terraform prints, on one line."""
    answer = subprocess.run(
        [find_terraform(), command, "-no-color"],
        cwd=folder,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "TF_CLI_CONFIG_FILE": "/dev/null"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return " ".join(answer.stdout.split())


class Inputs:
    """A root that has the inputs of a folder and nothing else, so that it needs no provider."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        for file in (*FOLDERS[name].glob("variables*.tf"), FOLDERS[name] / "attributes.tf"):
            shutil.copy2(file, folder)
        if name == "root":
            (folder / "locals.tf").write_text("locals {\n  qualys_platforms = { US2 = {} }\n}\n")

    def plan(self, values: dict[str, Any]) -> str:
        (self.folder / "all.auto.tfvars.json").write_text(json.dumps(GIVEN[self.name] | values))
        return terraform("plan", self.folder)

    def refused(self, printed: str) -> list[str]:
        """The variables whose conditions refused what a plan was given, as often as they did."""
        return [
            re.findall(r"^variable \"(\w+)\"", "".join(self._lines(file)[: int(line)]), re.M)[-1]
            for file, line in re.findall(r"the validation rule at (\w+\.tf):(\d+),", printed)
        ]

    def _lines(self, file: str) -> list[str]:
        return (self.folder / file).read_text().splitlines(keepends=True)
