"""Checks every CSAPI call before it is carried out: bearer, permission, rate limit."""

from flask import g, request

from sandbox.qualys.answers import Refusal
from sandbox.qualys.world import World

BASE = "/csapi/v1.3"
_SUBJECTS = {
    "containers": "CONTAINER",
    "images": "IMAGE",
    "registry": "REGISTRY",
    "sensors": "SENSOR",
}


def admit(world: World) -> None:
    """Admits a call. Raises Refusal 401, 403 or 429. Calls without a valid bearer are not counted.

    CS.IMAGE.VIEW is a documented permission; the names of the others follow it.
    """
    now, scenario = world.clock.now(), world.scenario
    lifetime = scenario.access_token_seconds
    tokens_end = None if lifetime is None else world.started_at + lifetime
    name = world.accounts.check(request.headers.get("Authorization", ""), now, tokens_end)
    path = request.path.removeprefix(BASE)
    permission = f"CS.{_SUBJECTS[path.split('/')[1]]}.{_action()}"
    if permission in scenario.denied_permissions:
        raise Refusal(403, f"User {name} does not have the permission {permission}")
    if scenario.rate_limiting:
        status = scenario.rate_limit_status
        g.rate_headers = world.limits.take(path, scenario.rate_limits, now, status)


def _action() -> str:
    return {"GET": "VIEW", "DELETE": "DELETE"}.get(request.method, "CREATE")
