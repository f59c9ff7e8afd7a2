"""Finds the states of an account: at the given location, or where they were before."""

from collections.abc import Sequence
from pathlib import Path

from ops.deploy import project
from ops.deploy.caller import Caller
from ops.deploy.deployment import Deployment
from ops.deploy.settings import Settings
from ops.deploy.states import BucketStates, LocalStates, States


def locations(given: Settings, caller: Caller) -> Sequence[States]:
    """Returns the location to use first, then others that may still have a state.

    The first is the bucket of STATE_BUCKET, else the last bucket used here, else this machine.
    """
    used = _used_before(given.name_prefix, caller)
    if "STATE_BUCKET" not in given.environment:
        first = used
    elif bucket := given.get("STATE_BUCKET"):
        first = BucketStates.of(caller, bucket)
    else:
        first = LocalStates()
    return list(dict.fromkeys((first, used, LocalStates())))


def remember(location: States, deployment: Deployment) -> None:
    """Stores the location for the next command without STATE_BUCKET."""
    file = _file(deployment.name_prefix, deployment.account_id)
    if isinstance(location, BucketStates):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{location.bucket}\n")
    else:
        file.unlink(missing_ok=True)


def _used_before(name_prefix: str, caller: Caller) -> States:
    file = _file(name_prefix, caller.account_id)
    if not file.exists():
        return LocalStates()
    return BucketStates.of(caller, file.read_text().strip())


def _file(name_prefix: str, account_id: str) -> Path:
    return project.DEPLOYMENTS / name_prefix / account_id / "bucket"
