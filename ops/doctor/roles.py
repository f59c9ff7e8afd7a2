"""Checks IAM: each role exists, trusts the right service, and has its permission."""

from collections.abc import Iterable

from botocore.exceptions import ClientError

from ops.deploy.hubs import READERS
from ops.doctor import policies
from ops.doctor.aws_errors import is_missing
from ops.doctor.findings import Finding, Unanswered, failed, passed
from ops.doctor.here import Here, Role

_ASSUME = "sts:AssumeRole"


def function_roles(here: Here) -> Finding:
    arns = {str(each["Role"]) for each in here.functions.values()}
    if not arns:
        raise Unanswered("no function exists: see functions-active")
    return _service_roles(here, sorted(arns), "lambda.amazonaws.com")


def machine_roles(here: Here) -> Finding:
    arns = []
    for machine in ("intake", "scan"):
        try:
            answer = here.client("stepfunctions").describe_state_machine(
                stateMachineArn=here.machine_arn(machine)
            )
        except ClientError as error:
            if not is_missing(error):
                raise
            return failed(f"state machine {here.name(machine)} does not exist", here.deploy)
        arns.append(str(answer["roleArn"]))
    return _service_roles(here, arns, "states.amazonaws.com")


def events_role(here: Here) -> Finding:
    """Checks the role with which EventBridge starts the intake."""
    intake = here.machine_arn("intake")
    return _target_role(here, "ecs-deployments", intake, "states:StartExecution")


def forwarding_role(here: Here) -> Finding:
    """Checks the role with which EventBridge forwards to the hub."""
    return _target_role(here, "forward-deployments", here.hub_bus_arn, "events:PutEvents")


def describe_role(here: Here) -> Finding:
    """Checks a member's role with which the hub reads task definitions and images."""
    bus = here.hub_bus_arn
    if not bus:
        raise Unanswered("it is not known where the hub is: see forwarding-rule")
    region, hub, resource = bus.split(":", 5)[3:]
    if hub == here.account_id:
        return passed("none is needed in the hub's own account")
    prefix = resource.removeprefix("event-bus/").removesuffix("-hub")
    role = here.role(f"arn:{here.partition}:iam::{here.account_id}:role/{prefix}-describe")
    if role is None:
        return failed(f"role {prefix}-describe does not exist", here.deploy_members)
    trusted = policies.conditions(role.trust, _ASSUME, "aws:principalarn")
    for reader in (f"{prefix}-{function}-{region}" for function in READERS):
        if not any(_is_role(principal, hub, reader) for principal in trusted):
            reason = f"{role.name} does not trust {reader} of account {hub}"
            return failed(reason, here.deploy_members)
    ids = policies.conditions(role.trust, _ASSUME, "sts:externalid")
    if ids != {f"{prefix}-{hub}"}:
        return failed(
            f"{role.name} asks for another external id than the hub gives",
            here.deploy_members,
        )
    return passed(f"{role.name} trusts {', '.join(READERS)} of account {hub}")


def _is_role(pattern: str, account_id: str, name: str) -> bool:
    """Checks whether a pattern of role ARNs names this role, with any path."""
    role = pattern.rsplit("/", 1)[-1].lstrip("*")
    return pattern.split(":")[4:5] == [account_id] and role == name


def _service_roles(here: Here, arns: Iterable[str], service: str) -> Finding:
    names = []
    for arn in arns:
        role = here.role(arn)
        if role is None:
            return failed(f"role {arn.rsplit('/', 1)[-1]} does not exist", here.deploy)
        if not _trusts(here, role, service, ""):
            return failed(f"role {role.name} does not trust {service}", here.deploy)
        names.append(role.name)
    return passed(f"{len(names)} roles trust {service}")


def _target_role(here: Here, rule: str, target: str, action: str) -> Finding:
    """Checks that EventBridge may assume the role of a rule's target, and do the action with it."""
    arns = [each.get("RoleArn", "") for each in here.targets(rule) if each["Arn"] == target]
    if not target or not arns:
        raise Unanswered(f"rule {here.name(rule)} has no target")
    if not arns[0]:
        return failed(f"the target of rule {here.name(rule)} has no role", here.deploy)
    role = here.role(arns[0])
    if role is None:
        return failed(f"role {arns[0].rsplit('/', 1)[-1]} does not exist", here.deploy)
    if not _trusts(here, role, "events.amazonaws.com", here.rule_arn(rule)):
        return failed(f"role {role.name} does not trust rule {here.name(rule)}", here.deploy)
    if not here.may(role, action, target):
        return failed(f"role {role.name} may not {action} on {target}", here.deploy)
    return passed(f"{role.name} trusts the rule and may {action}")


def _trusts(here: Here, role: Role, service: str, source_arn: str) -> bool:
    facts = {"aws:sourceaccount": here.account_id}
    if source_arn:
        facts["aws:sourcearn"] = source_arn
    return policies.allows_service(role.trust, service, _ASSUME, facts)
