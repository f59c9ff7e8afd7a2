"""Runs the intake machine with our own event, and waits for its end."""

import json
import os
from dataclasses import dataclass
from typing import Any

from botocore.config import Config

from image_scan.notifications.facts import error_message
from ops.answers import answers
from ops.installation import Installation

# An Express execution takes five minutes at most.
_LONGEST_SECONDS = 300


@dataclass(frozen=True)
class Outcome:
    """The end of an execution of the intake: `output` of a success, else `error` and `cause`."""

    name: str
    succeeded: bool
    output: Any = None
    error: str = ""
    cause: str = ""


class Intake:
    def __init__(self, installation: Installation) -> None:
        # The API has a separate host name for synchronous starts. It cannot be resolved with a
        # custom endpoint, such as the embedded AWS.
        own_endpoint = os.environ.get("AWS_ENDPOINT_URL_SFN") or os.environ.get("AWS_ENDPOINT_URL")
        config = Config(
            read_timeout=_LONGEST_SECONDS + 30,
            max_pool_connections=32,
            # Without an answer, it is unknown whether the execution started, so no retry.
            retries={"total_max_attempts": 1},
            inject_host_prefix=not own_endpoint,
        )
        self._client = installation.client("stepfunctions", config)
        self._arn = installation.intake_state_machine_arn

    def run(self, event: Any, name: str) -> Outcome:
        """Runs an execution. Raises OpsError if AWS refuses it or does not answer."""
        with answers():
            reported = self._client.start_sync_execution(
                stateMachineArn=self._arn, name=name, input=json.dumps(event)
            )
        if reported["status"] == "SUCCEEDED":
            return Outcome(
                name, succeeded=True, output=json.loads(reported.get("output") or "null")
            )
        error = reported.get("error") or reported["status"]
        cause = error_message(reported.get("cause") or "")
        return Outcome(name, succeeded=False, error=error, cause=cause)
