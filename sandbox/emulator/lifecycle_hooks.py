"""Lambda lifecycle hooks: how ECS calls them, waits for them, and what it takes for a failure.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html

Time is that of the deployment: a delay counts in full towards a hook's timeout, however short
`SFN_WAIT_SCALE` makes it.
"""

import contextvars
import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from ministack import app
from ministack.core.arn import parse_arn
from ministack.core.responses import get_region
from ministack.services import lambda_svc, stepfunctions

from sandbox.emulator.service_roles import role_problem

Json = dict[str, Any]

SERVICE = "ecs.amazonaws.com"
_DELAY_SECONDS = 30
_TIMEOUT_MINUTES = 1440
_LEAST_PAUSE = 0.05  # of real time, so that a hook that waits leaves the others a turn
_STATUSES = ("SUCCEEDED", "FAILED", "IN_PROGRESS")


class HookError(Exception):
    """A hook that failed; the message is for the deployment's reason."""


@dataclass
class Hook:
    """One hook of a deployment; `details` grow by what it answers. `shown` is what ECS answers."""

    configured: Json
    details: Json
    shown: Json = field(default_factory=dict)

    @property
    def target(self) -> str:
        return str(self.configured["hookTargetArn"])

    def call(self, event: Json) -> Json:
        """Invokes the function as the hook's role. Raises HookError."""
        role, target = self.configured.get("roleArn", ""), parse_arn(self.target)
        problem = role_problem(role, SERVICE, "lambda:InvokeFunction", self.target)
        if target.region != get_region():
            problem = f"{self.target} is of another region"
        if problem:
            raise HookError(f"the hook cannot be invoked: {problem}")
        function, config, name = lambda_svc._get_func_record_for_ref_in_scope(
            self.target, account_id=target.account_id
        )
        if not function or not config:
            raise HookError(f"the function {name} does not exist")
        record = lambda_svc._execution_record_for_config(function, config)
        result = lambda_svc._execute_function_with_config_scope(record, event)
        if result.get("error"):
            raise HookError("the function failed")
        return _read(result.get("body"))

    def run(self, event: Json, over: threading.Event) -> None:
        """Calls the hook until it succeeds, or `over` is set. Raises HookError."""
        limits = self.configured.get("timeoutConfiguration") or {}
        left = limits.get("timeoutInMinutes", _TIMEOUT_MINUTES) * 60.0
        while not over.is_set():
            before = time.monotonic()
            answer = self.call({**event, "hookDetails": self.details} if self.details else event)
            self.details |= answer.get("hookDetails") or {}
            status = self.shown["status"] = answer["hookStatus"]
            if status == "SUCCEEDED":
                return
            if status == "FAILED":
                raise HookError("the hook answered FAILED")
            delay = answer.get("callBackDelay", _DELAY_SECONDS)
            over.wait(max(delay * stepfunctions._SFN_WAIT_SCALE, _LEAST_PAUSE))
            left -= max(delay, time.monotonic() - before)
            if left <= 0:
                self.shown["status"] = "TIMED_OUT"
                if limits.get("action", "ROLLBACK") == "CONTINUE":
                    return
                raise HookError("the hook timed out")


def _read(body: Any) -> Json:
    """The answer of a function. Raises HookError where it has no known form."""
    try:
        answer = json.loads(body) if isinstance(body, str | bytes) else body
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or answer.get("hookStatus") not in _STATUSES:
        raise HookError("the hook gave no valid answer")
    delay, details = answer.get("callBackDelay", 1), answer.get("hookDetails", {})
    if type(delay) is not int or delay < 0 or not isinstance(details, dict):
        raise HookError("the hook gave no valid answer")
    return answer


def hooks_of(configuration: Json) -> list[Hook]:
    return [
        Hook(each, dict(each.get("hookDetails") or {}))
        for each in configuration.get("lifecycleHooks") or []
    ]


def run_stage(hooks: list[Hook], stage: str, event: Json, stopped: threading.Event) -> list[str]:
    """Runs all hooks of a stage at once; why it failed, empty where each of them succeeded.

    The first failure ends the stage, and a deployment that is stopped ends it too.
    """
    due = [each for each in hooks if stage in each.configured["lifecycleStages"]]
    problems: list[str] = []

    def run(hook: Hook) -> None:
        try:
            hook.run({**event, "lifecycleStage": stage}, stopped)
        except HookError as error:
            hook.shown["status"] = hook.shown.get("status", "FAILED")
            if hook.shown["status"] != "TIMED_OUT":
                hook.shown["status"] = "FAILED"
            problems.append(f"{parse_arn(hook.target).resource} at {stage}: {error}")
        except Exception:
            app.logger.exception("sandbox: hook of %s", event["resourceArn"])
            problems.append(f"{hook.target} at {stage}: the sandbox failed")

    threads = []
    for hook in due:
        hook.shown |= {
            "hookId": hook.target.rpartition(":")[2],
            "targetType": "AWS_LAMBDA",
            "targetArn": hook.target,
            "status": "IN_PROGRESS",
        }
        context = contextvars.copy_context()
        threads.append(threading.Thread(target=context.run, args=(run, hook), daemon=True))
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) and not problems and not stopped.is_set():
        time.sleep(0.01)
    return problems
