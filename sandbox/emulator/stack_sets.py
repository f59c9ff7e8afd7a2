"""Whether CloudFormation may deploy to the accounts of an organization.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ActivateOrganizationsAccess.html
"""

from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import organizations
from ministack.services.cloudformation.helpers import _error, _p, _xml

Json = dict[str, Any]
# Stored with the organization, so that it is in the state that is written.
_ACCESS = "StackSetsAccess"


def with_organizations_access(original: Json) -> Json:
    """Adds access to the organization, and refuses StackSets without; ministack has neither."""

    def create_stack_set(params: Json) -> Any:
        if _p(params, "PermissionModel") == "SERVICE_MANAGED" and not _is_active():
            return _error(
                "ValidationError",
                "You must enable organizations access to operate a service managed stack set",
                400,
            )
        return _error("InvalidAction", "Unknown action: CreateStackSet", 400)

    return original | {
        "ActivateOrganizationsAccess": lambda _: _switch("Activate", on=True),
        "DeactivateOrganizationsAccess": lambda _: _switch("Deactivate", on=False),
        "DescribeOrganizationsAccess": _describe,
        "CreateStackSet": create_stack_set,
    }


def _switch(verb: str, *, on: bool) -> Any:
    if not _is_management():
        return _refused()
    organizations._ensure_org()
    organizations._orgs["self"][_ACCESS] = on
    name = f"{verb}OrganizationsAccess"
    return _xml(200, f"{name}Response", f"<{name}Result/>")


def _describe(params: Json) -> Any:
    if not _is_management() or _p(params, "CallAs") == "DELEGATED_ADMIN":
        return _refused()
    status = "ENABLED" if _is_active() else "DISABLED"
    result = f"<Status>{status}</Status>"
    name = "DescribeOrganizationsAccess"
    return _xml(200, f"{name}Response", f"<{name}Result>{result}</{name}Result>")


def _refused() -> Any:
    return _error(
        "ValidationError",
        "You must be the management account or delegated admin account of an organization before "
        "operating a SERVICE_MANAGED stack set",
        400,
    )


def _is_active() -> bool:
    return "self" in organizations._orgs and bool(organizations._orgs["self"].get(_ACCESS))


def _is_management() -> bool:
    """Nobody is a delegated administrator here."""
    own = get_account_id()
    return all(master == own for master, member in organizations._accounts._data if member == own)
