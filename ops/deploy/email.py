"""Reads EMAIL, the addresses that get notifications and alarms."""

import json
import re

from ops.deploy.settings import Settings
from ops.errors import OpsError

_INPUT = "VAR_notification_email_addresses"
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def with_email(given: Settings) -> Settings:
    """Returns the settings with the addresses of EMAIL as the module's input. Raises OpsError."""
    if not (addresses := given.words("EMAIL")):
        return given
    if wrong := [each for each in addresses if not _ADDRESS.fullmatch(each)]:
        raise OpsError(f"EMAIL={wrong[0]} is not valid. An example is security@example.com.")
    if given.get(_INPUT):
        raise OpsError(f"EMAIL and {_INPUT} are one setting: give it once.")
    return Settings({**given.environment, _INPUT: json.dumps(addresses)})
