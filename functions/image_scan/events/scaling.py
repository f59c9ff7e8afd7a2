"""Recognises calls that change a service but deploy nothing, such as scaling. Pure.

AWS documents for each parameter of UpdateService whether it triggers a new deployment:
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
"""

from image_scan.events.fields import Part

_NAMING = frozenset({"cluster", "service", "serviceArn"})
# A parameter that is not listed, such as a future one, may start a deployment.
_STARTS_NOTHING = {
    "UpdateService": frozenset(
        {
            "availabilityZoneRebalancing",
            "capacityProviderStrategy",
            "deploymentConfiguration",
            "desiredCount",
            "enableECSManagedTags",
            "enableExecuteCommand",
            "healthCheckGracePeriodSeconds",
            "placementConstraints",
            "placementStrategy",
            "propagateTags",
        }
    ),
    "UpdateExpressGatewayService": frozenset({"scalingTarget"}),
}


def starts_nothing(name: str, request: Part) -> bool:
    """Checks, by the parameters of a call, that it starts no deployment.

    Null, false and an empty object change nothing; an empty list removes what is there.
    """
    changed = {key for key, value in request.items() if not _is_default(value)} - _NAMING
    return bool(changed) and changed <= _STARTS_NOTHING.get(name, frozenset())


def _is_default(value: object) -> bool:
    return value is None or value is False or value in ("", {})
