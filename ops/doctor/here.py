"""Reads one region of an account for the checks: which parts are there. It changes nothing."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from botocore.exceptions import ClientError

from ops.doctor.aws_errors import is_denied, is_missing
from ops.doctor.findings import Unanswered
from ops.doctor.subscription import Subscription
from ops.hints import make
from ops.installation import Installation

Json = dict[str, Any]
INSTALLATION, HUB, SPOKE = "installation", "hub", "spoke"


@dataclass(frozen=True)
class Role:
    """A role of IAM. `trust` is its parsed trust policy."""

    arn: str
    name: str
    trust: Any


class Here:
    """Facts about the region. Each is read once, at its first use."""

    def __init__(self, installation: Installation) -> None:
        self.account_id = installation.account_id
        self.partition = installation.partition
        self.region = installation.region
        self.prefix = installation.name_prefix
        # Names, as the modules give them.
        self.name = installation.name
        self.arn = installation.arn
        self.machine_arn = installation.machine_arn
        self.topic_arns = installation.topic_arns
        self._function_names = installation.function_names
        self._session = installation.session
        self.make = installation.make
        # Calls without permission, so that it is unknown whether a part is here.
        self.refused: list[str] = []
        self.client = cache(self._client)
        self.role = cache(self._role)
        self.targets = cache(self._targets)
        self.queue = cache(self._queue)

    def rule_arn(self, suffix: str, bus: str = "default") -> str:
        path = "" if bus == "default" else f"{bus}/"
        return self.arn("events", f"rule/{path}{self.name(suffix)}")

    # Commands that fix it.

    def aws(self, command: str, **options: str) -> str:
        """Returns a command of the AWS CLI; `options` become --name-with-hyphens."""
        given = [f"--{name.replace('_', '-')} {shlex.quote(v)}" for name, v in options.items()]
        return " ".join(["aws", command, *given, "--region", self.region])

    @property
    def deploy(self) -> str:
        """The command that restores missing or changed parts here."""
        if INSTALLATION not in self.kinds:
            if self.hub_bus_arn.split(":")[4:5] in ([], [self.account_id]):
                return make("deploy-region", self.prefix, REGION=self.region)
            return self.deploy_members
        target = "deploy-hub" if self.environment.get("HUB_ACCOUNT_ID") else "deploy"
        return self.make(target)

    @property
    def deploy_members(self) -> str:
        """The command that restores parts that the organization's StackSets have deployed."""
        return make("deploy-spoke-stackset", self.prefix)

    # Kinds that exist here.

    @cached_property
    def kinds(self) -> frozenset[str]:
        """Which of installation, hub and spoke are here. One part is enough to find a spoke."""
        found = {INSTALLATION} if self._has_installation() else set()
        if INSTALLATION in found and (
            self.environment.get("HUB_ACCOUNT_ID") or self._has_hub_bus()
        ):
            found.add(HUB)
        if self._has_spoke():
            found.add(SPOKE)
        return frozenset(found)

    def _has_installation(self) -> bool:
        return bool(self.functions) or any(
            self._exists("stepfunctions", "describe_state_machine", stateMachineArn=arn)
            for arn in (self.machine_arn("intake"), self.machine_arn("scan"))
        )

    def _has_hub_bus(self) -> bool:
        return self._exists("events", "describe_event_bus", Name=self.name("hub"))

    def _has_spoke(self) -> bool:
        return self._exists(
            "events", "describe_rule", Name=self.name("forward-deployments")
        ) or self._exists("sqs", "get_queue_url", QueueName=self.name("unforwarded-events"))

    def _exists(self, service: str, operation: str, **arguments: str) -> bool:
        try:
            getattr(self.client(service), operation)(**arguments)
        except ClientError as error:
            if is_missing(error):
                return False
            if is_denied(error):
                self.refused.append(error.operation_name)
                return False
            raise
        return True

    # Facts that were read.

    @cached_property
    def qualys(self) -> Subscription:
        return Subscription(self)

    @cached_property
    def functions(self) -> Mapping[str, Json]:
        """The configuration of each function by step; those that do not exist are left out."""
        found = {}
        for step, name in self._function_names.items():
            try:
                found[step] = self.client("lambda").get_function_configuration(FunctionName=name)
            except ClientError as error:
                if not is_missing(error):
                    raise
        return found

    @property
    def missing_functions(self) -> list[str]:
        return [name for step, name in self._function_names.items() if step not in self.functions]

    @cached_property
    def environment(self) -> Mapping[str, str]:
        """The environment variables of all functions together."""
        reported: dict[str, str] = {}
        for each in self.functions.values():
            reported |= each.get("Environment", {}).get("Variables", {})
        return reported

    def setting(self, name: str) -> str:
        """Returns an environment variable of the functions. Raises Unanswered if none has it, or if
        access is denied."""
        value = self.environment.get(name, "")
        if not value:
            if any("Error" in each.get("Environment", {}) for each in self.functions.values()):
                raise Unanswered("the functions' environment cannot be decrypted by you")
            raise Unanswered(f"no function has {name} in its environment", self.deploy)
        return value

    @cached_property
    def hub_bus_arn(self) -> str:
        """The bus that this spoke forwards to; empty if its rule has no target."""
        arns = [target["Arn"] for target in self.targets("forward-deployments")]
        return next((str(arn) for arn in arns if ":event-bus/" in arn), "")

    def date(self) -> str:
        """The current time of AWS, from the Date header of an answer."""
        answer = self.client("sts").get_caller_identity()
        return str(answer["ResponseMetadata"]["HTTPHeaders"].get("date", ""))

    def _client(self, service: str, region: str = "") -> Any:
        return self._session.client(service, region_name=region or self.region)  # type: ignore[call-overload]

    def _role(self, arn: str) -> Role | None:
        """Reads a role; None if it does not exist. Raises Unanswered for another account's role."""
        owner, name = arn.split(":")[4], arn.rsplit("/", 1)[-1]
        if owner != self.account_id:
            raise Unanswered(f"{arn} is in account {owner}: run the doctor there")
        try:
            found = self.client("iam").get_role(RoleName=name)["Role"]
        except ClientError as error:
            if is_missing(error):
                return None
            raise
        return Role(found["Arn"], name, found["AssumeRolePolicyDocument"])

    def may(self, role: Role, action: str, resource: str) -> bool:
        """Checks whether the role's policies allow an action, by IAM's own simulation."""
        answer = self.client("iam").simulate_principal_policy(
            PolicySourceArn=role.arn, ActionNames=[action], ResourceArns=[resource]
        )
        return all(each["EvalDecision"] == "allowed" for each in answer["EvaluationResults"])

    def _targets(self, rule: str, bus: str = "default") -> list[Json]:
        """Returns the targets of a rule; none if it does not exist."""
        try:
            answer = self.client("events").list_targets_by_rule(
                Rule=self.name(rule), EventBusName=bus
            )
        except ClientError as error:
            if is_missing(error):
                return []
            raise
        return list(answer["Targets"])

    def _queue(self, suffix: str) -> Json | None:
        """Returns the attributes of a queue and its `Url`; None if it does not exist."""
        sqs = self.client("sqs")
        try:
            url = sqs.get_queue_url(QueueName=self.name(suffix))["QueueUrl"]
            found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        except ClientError as error:
            if is_missing(error):
                return None
            raise
        return {**found, "Url": url}
