"""Finds an installation in one account and region, by the names that Terraform gave it.

It reads no state, so it works for every way of deployment.
"""

import argparse
import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from image_scan.contracts import READERS
from ops.answers import answers, new_session
from ops.errors import OpsError
from ops.hints import DEFAULT_PREFIX, make

STEPS = (
    *("parse_event", "check_cache", "get_registry", "submit_scan"),
    *("check_status", "get_results", "send_notification", "reconcile", "reassess"),
)
# Exist only with `security_hub` and `deployment_gate`.
OPTIONAL_STEPS = ("import_findings", "deployment_gate")
MACHINES = ("intake", "scan")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of every command that works on an installation."""
    parser.add_argument(
        "--name-prefix",
        default=os.environ.get("NAME_PREFIX") or DEFAULT_PREFIX,
        help="what every name of the installation begins with (NAME_PREFIX; %(default)s)",
    )
    parser.add_argument(
        "--region",
        default=os.environ.get("REGION") or os.environ.get("AWS_REGION"),
        help="region of the installation (REGION, AWS_REGION; by default that of the profile)",
    )
    parser.add_argument(
        "--json", action="store_true", default=is_set("JSON"), help="print JSON (JSON=1)"
    )


def is_set(name: str) -> bool:
    """Checks whether a switch is on. Empty, 0, no and false are off."""
    return os.environ.get(name, "").strip().lower() not in ("", "0", "no", "false")


@dataclass(frozen=True)
class Installation:
    """The names of an installation. Only `find` checks that it exists."""

    session: boto3.session.Session = field(repr=False)
    account_id: str
    partition: str
    region: str
    name_prefix: str
    caller_arn: str = ""

    @classmethod
    def here(cls, session: boto3.session.Session, name_prefix: str, region: str | None) -> Self:
        """Returns the names without a check of what exists. Raises OpsError without credentials."""
        region = region or session.region_name
        if not region:
            raise OpsError("No region is given: set AWS_REGION.")
        with answers():
            identity = session.client("sts", region_name=region).get_caller_identity()
        partition = identity["Arn"].split(":")[1]
        return cls(session, identity["Account"], partition, region, name_prefix, identity["Arn"])

    @classmethod
    def find(cls, session: boto3.session.Session, name_prefix: str, region: str | None) -> Self:
        """Finds an installation. Raises OpsError if there is none here."""
        installation = cls.here(session, name_prefix, region)
        if not installation.exists():
            raise OpsError(
                f"There is no installation named {name_prefix} in account "
                f"{installation.account_id}, region {installation.region}: set AWS_REGION, "
                "NAME_PREFIX or other credentials."
            )
        return installation

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Self:
        """Finds the installation that a command's options name. Raises OpsError."""
        return cls.find(new_session(), arguments.name_prefix, arguments.region)

    def exists(self) -> bool:
        """Whether either state machine is here."""
        machines = (self.intake_state_machine_arn, self.scan_state_machine_arn)
        return any(
            self._has("stepfunctions", "describe_state_machine", stateMachineArn=arn)
            for arn in machines
        )

    def has_spoke(self) -> bool:
        """Whether this region forwards to a hub."""
        return self._has("events", "describe_rule", Name=self.forward_rule_name)

    def has_queue(self, name: str) -> bool:
        return self._has("sqs", "get_queue_url", QueueName=name)

    def make(self, target: str, **settings: str) -> str:
        """Returns a command that works on this installation, from the same environment."""
        usual = os.environ.get("AWS_REGION") or self.session.region_name
        region = "" if self.region == usual else self.region
        return make(target, self.name_prefix, REGION=region, **settings)

    def name(self, suffix: str) -> str:
        return f"{self.name_prefix}-{suffix}"

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{resource}"

    def machine_arn(self, machine: str) -> str:
        return self.arn("states", f"stateMachine:{self.name(machine)}")

    @property
    def intake_state_machine_arn(self) -> str:
        return self.machine_arn("intake")

    @property
    def scan_state_machine_arn(self) -> str:
        return self.machine_arn("scan")

    @property
    def function_names(self) -> dict[str, str]:
        return {step: self.function_name(step) for step in STEPS}

    def function_name(self, step: str) -> str:
        return self.name(step.replace("_", "-"))

    @property
    def log_groups(self) -> dict[str, str]:
        """Names of the log groups, by step and by machine."""
        steps = (*STEPS, *OPTIONAL_STEPS)
        groups = {step: f"/aws/lambda/{self.function_name(step)}" for step in steps}
        machines = {each: f"/aws/vendedlogs/states/{self.name(each)}" for each in MACHINES}
        return groups | machines

    @property
    def cache_table(self) -> str:
        return self.name("cache")

    @property
    def inventory_table(self) -> str:
        return self.name("inventory")

    @property
    def state_table(self) -> str:
        return self.name("state")

    @property
    def topic_arns(self) -> dict[str, str]:
        """ARNs of the topics of notifications and alarms, by kind of reader."""
        topics = {reader: self.name(f"notifications-{reader}") for reader in READERS}
        return {reader: self.arn("sns", topic) for reader, topic in topics.items()}

    @property
    def failed_events_queue(self) -> str:
        return self.name("failed-events")

    @property
    def undelivered_events_queue(self) -> str:
        return self.name("undelivered-events")

    @property
    def unforwarded_events_queue(self) -> str:
        """The queue of a spoke in this region."""
        return self.name("unforwarded-events")

    @property
    def hub_bus(self) -> str:
        return self.name("hub")

    @property
    def forward_rule_name(self) -> str:
        """The rule of a spoke in this region."""
        return self.name("forward-deployments")

    @property
    def rule_arns(self) -> dict[str, str]:
        """ARNs of the rules; only a hub has forwarded_deployments."""
        forwarded = f"rule/{self.hub_bus}/{self.name('forwarded-deployments')}"
        return {
            "ecs_deployments": self.arn("events", f"rule/{self.name('ecs-deployments')}"),
            "forwarded_deployments": self.arn("events", forwarded),
            "scan_ended": self.arn("events", f"rule/{self.name('scan-ended')}"),
        }

    @property
    def trail_arn(self) -> str:
        return self.arn("cloudtrail", f"trail/{self.name('ecs')}")

    @cached_property
    def qualys_secret_arn(self) -> str:
        """ARN of the credential's secret. Raises OpsError."""
        return self.variable("get_registry", "QUALYS_SECRET_ARN")

    def variable(self, step: str, name: str) -> str:
        """Reads a variable of a function's environment; empty without it. Raises OpsError."""
        return self.environment(step).get(name, "")

    def environment(self, step: str) -> dict[str, str]:
        """Reads the environment of a function. Raises OpsError."""
        with answers():
            answer = self.client("lambda").get_function_configuration(
                FunctionName=self.function_names[step]
            )
        return dict(answer.get("Environment", {}).get("Variables", {}))

    def client(self, service: str, config: Config | None = None) -> Any:
        return self.session.client(  # type: ignore[call-overload]
            service, region_name=self.region, config=config
        )

    def queue_url(self, name: str) -> str:
        with answers():
            return str(self.client("sqs").get_queue_url(QueueName=name)["QueueUrl"])

    def _has(self, service: str, operation: str, **named: str) -> bool:
        with answers():
            try:
                getattr(self.client(service), operation)(**named)
            except ClientError as error:
                if _is_missing(error):
                    return False
                raise
        return True


def _is_missing(error: ClientError) -> bool:
    code = str(error.response.get("Error", {}).get("Code", ""))
    return code.endswith(("DoesNotExist", "NonExistentQueue", "NotFound", "NotFoundException"))
