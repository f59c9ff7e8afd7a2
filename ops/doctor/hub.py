"""Checks the hub bus policy: at the hub, that it admits every account; at a spoke, this account.

Also checks that StackSets, which create spokes in an organization's accounts, may deploy there.
"""

from typing import Any

from botocore.exceptions import ClientError

from ops.deploy.organization import access
from ops.doctor import policies
from ops.doctor.aws_errors import code_of, is_missing
from ops.doctor.findings import Finding, Unanswered, failed, hint, passed, unknown
from ops.doctor.here import Here
from ops.hints import make

_PUT = "events:PutEvents"
_ORGANIZATION = "aws:principalorgid"


def hub_bus(here: Here) -> Finding:
    """Checks that the policy admits the accounts or the organization that the functions accept."""
    name = here.name("hub")
    try:
        policy = here.client("events").describe_event_bus(Name=name).get("Policy")
    except ClientError as error:
        if not is_missing(error):
            raise
        return failed(f"event bus {name} does not exist", here.deploy)
    admitted, refused = _admitted(here, policy)
    if refused:
        return failed(f"event bus {name} refuses events of {refused}", here.deploy)
    return passed(f"event bus {name} accepts events of {admitted}")


def _admitted(here: Here, policy: Any) -> tuple[str, str]:
    """Returns who is admitted and who is not, of the accounts that the functions accept."""
    accounts = here.environment.get("SPOKE_ACCOUNT_IDS", "").split()
    if not here.environment.get("HUB_ACCOUNT_ID"):
        accounts = [here.account_id]  # other regions of our own account
    if accounts:
        let_in = [each for each in accounts if policies.allows_account(policy, each, _PUT)]
        return ", ".join(let_in), ", ".join(sorted({*accounts} - {*let_in}))
    organization = _organization(here)
    if organization in policies.conditions(policy, _PUT, _ORGANIZATION):
        return f"the organization {organization}", ""
    return "", f"the organization of this account, {organization}"


def hub_admits_here(here: Here) -> Finding:
    """Checks the policy of the hub bus, which only the hub's own account may read."""
    arn = here.hub_bus_arn
    if not arn:
        raise Unanswered("it is not known where the hub is: see forwarding-rule")
    _, _, _, region, owner, resource = arn.split(":", 5)
    name = resource.removeprefix("event-bus/")
    if owner != here.account_id:
        return unknown(
            f"the policy of {arn} is read in account {owner} alone",
            f"{make('doctor', here.prefix, REGION=region)}   "
            f"# with credentials of {owner}: see hub-bus there",
        )
    remedy = make("deploy", here.prefix, REGION=region)
    try:
        policy = here.client("events", region).describe_event_bus(Name=name).get("Policy")
    except ClientError as error:
        if not is_missing(error):
            raise
        return failed(f"event bus {name} does not exist in {region}", remedy)
    facts = {}
    if policies.conditions(policy, _PUT, _ORGANIZATION):
        facts[_ORGANIZATION] = _organization(here)
    if not policies.allows_account(policy, owner, _PUT, facts):
        return failed(f"the policy of {name} in {region} refuses events of {owner}", remedy)
    return passed(f"{name} in {region} accepts events of {owner}")


def stack_sets_access(here: Here) -> Finding:
    """Checks whether CloudFormation may deploy to the accounts of the hub's organization."""
    if not here.environment.get("HUB_ACCOUNT_ID") or here.environment.get("SPOKE_ACCOUNT_IDS"):
        return passed("no organization forwards to this hub")
    client = here.client("cloudformation")
    asked = [access(client, as_whom) for as_whom in ("SELF", "DELEGATED_ADMIN")]
    reported = [status for status in asked if status]
    by_whom = "   # with credentials of the management account"
    if not reported:
        return unknown(
            "only the management account, or one that administers StackSets for it, may ask "
            "whether CloudFormation may deploy to the accounts of the organization",
            here.aws("cloudformation describe-organizations-access") + by_whom,
        )
    if reported[0] == "ENABLED":
        return passed("CloudFormation may deploy to the accounts of the organization")
    return hint(
        f"CloudFormation may not deploy to the accounts of the organization ({reported[0]}): "
        "StackSets are refused",
        here.aws("cloudformation activate-organizations-access") + by_whom,
    )


def _organization(here: Here) -> str:
    try:
        answer = here.client("organizations").describe_organization()
    except ClientError as error:
        if code_of(error) == "AWSOrganizationsNotInUseException":
            return "none"
        raise
    return str(answer["Organization"]["Id"])
