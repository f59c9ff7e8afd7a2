"""A double of the deployment controller of ECS: it takes a service from revision to revision.

It is no part of AWS, and was not compared with a live account. Stages come in the documented order,
and no task of a revision starts before the hooks of PRE_SCALE_UP have succeeded. Its limits:

- Traffic is not shifted, whatever the strategy: the stages of the shift only call their hooks.
  Those of PRE_PRODUCTION_TRAFFIC_SHIFT, which this SDK does not know, are refused. Nothing bakes.
- Only Lambda hooks; PAUSE hooks are refused. A hook that cannot be invoked ends the deployment at
  once: whether AWS tries again is not documented.
- DescribeServices shows a revision from when its tasks may start; until then what it had before. A
  service that has had no admitted revision has no tasks, however many are asked for.
- Only a changed task definition and forceNewDeployment begin a deployment. StopServiceDeployment is
  missing, and so are the events of hooks and deployments.
- A first deployment that fails ends as ROLLBACK_FAILED, with a service without tasks. That it keeps
  no tasks is documented, the name of the status is not.
"""

import contextvars
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from ministack import app
from ministack.services import ecs

from sandbox.emulator import task_events
from sandbox.emulator.deployment_records import Service, lock
from sandbox.emulator.lifecycle_hooks import Hook, hooks_of, run_stage

Json = dict[str, Any]

STAGES = (
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "BAKE_TIME",
    "CLEAN_UP",
)
WITHOUT_HOOKS = ("SCALE_UP", "BAKE_TIME", "CLEAN_UP")

_under_way: dict[str, "Rollout"] = {}


@dataclass
class Rollout:
    """A deployment that runs. `changes` are the changes of the service that start its tasks."""

    service: Service
    svc: Json
    record: Json
    changes: Json
    stopped: threading.Event = field(default_factory=threading.Event)
    hooks: list[Hook] = field(default_factory=list)
    has_tasks: bool = False

    def start(self) -> None:
        """Starts the deployment in a thread. Stops a running deployment of the same service."""
        with lock:
            stop(self.service.arn, "a newer deployment has replaced it")
            _under_way[self.service.arn] = self
        self.hooks = hooks_of(self.record["deploymentConfiguration"])
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._run,), daemon=True).start()

    def _run(self) -> None:
        try:
            for stage in STAGES:
                if problems := self._stage(stage):
                    self._roll_back(problems[0])
                    return
                if self.stopped.is_set():
                    return
            with lock:
                if not self.stopped.is_set():
                    self.service.successful = self.record["target"]
                    self.end("SUCCESSFUL", "")
        except Exception:
            app.logger.exception("sandbox: %s", self.record["serviceDeploymentArn"])
            self.end("ROLLBACK_FAILED", "the sandbox failed")

    def _stage(self, stage: str) -> list[str]:
        """Runs a stage. Returns why it failed."""
        if stage == "RECONCILE_SERVICE" and len(self.record["sources"]) < 2:
            return []
        self._note(lifecycleStage=stage)
        if stage == "SCALE_UP":
            with lock:
                if not self.stopped.is_set() and self.svc["status"] == "ACTIVE":
                    self.has_tasks = True
                    held, self.service.held = self.service.held, None
                    self._update(**self.changes, **({} if held is None else {"desiredCount": held}))
                    self._started(self.record["target"])
            return []
        if stage in WITHOUT_HOOKS:
            return []
        if due := [each for each in self.hooks if stage in each.configured["lifecycleStages"]]:
            self._note(lifecycleHookDetails=[each.shown for each in due])
        return run_stage(self.hooks, stage, self._event(), self.stopped)

    def _event(self) -> Json:
        return {
            "executionId": self.record.setdefault("_execution", str(uuid.uuid4())),
            "resourceArn": self.record["serviceDeploymentArn"],
            "executionDetails": {
                "serviceArn": self.service.arn,
                "targetServiceRevisionArn": self.record["target"],
                "testTrafficWeights": {},
                "productionTrafficWeights": {},
            },
        }

    def _roll_back(self, reason: str) -> None:
        """Goes back to the last revision whose deployment succeeded, without hooks."""
        with lock:
            if self.stopped.is_set():
                return
            back = self.service.successful
            rollback: Json = {"reason": reason, "startedAt": time.time()}
            if back:
                rollback["serviceRevisionArn"] = back
            self._note(status="ROLLBACK_IN_PROGRESS", rollback=rollback)
            if self.has_tasks and self.svc["status"] == "ACTIVE":
                self._restore(back)
            self.end("ROLLBACK_SUCCESSFUL" if back else "ROLLBACK_FAILED", reason)

    def _restore(self, revision: str) -> None:
        if revision:
            definition = self.service.revisions[revision]["taskDefinition"]
            self._update(taskDefinition=definition, forceNewDeployment=True)
            self._started(revision)
        else:
            self.service.held = self.svc["desiredCount"]
            self._update(desiredCount=0)
            task_events.announce()

    def _update(self, **changes: Any) -> None:
        named = {"cluster": self.svc["clusterArn"], "service": self.svc["serviceName"]}
        ecs._update_service({**named, **changes})

    def _started(self, revision: str) -> None:
        self.service.ecs_ids[revision] = self.svc["deployments"][0]["id"]
        self.service.pull(revision)
        task_events.announce()

    def end(self, status: str, reason: str) -> None:
        with lock:
            if "finishedAt" in self.record:
                return
            self._note(status=status, statusReason=reason, finishedAt=time.time())
            if _under_way.get(self.service.arn) is self:
                del _under_way[self.service.arn]

    def _note(self, **changes: Any) -> None:
        with lock:
            self.record |= {**changes, "updatedAt": time.time()}


def target_of(service: Service) -> str:
    """Returns the task definition of the running deployment; empty if there is none."""
    rollout = _under_way.get(service.arn)
    if not rollout:
        return ""
    return str(service.revisions[rollout.record["target"]]["taskDefinition"])


def stop(service_arn: str, reason: str) -> None:
    """Stops the running deployment of a service. Later answers of its hooks are ignored."""
    with lock:
        if rollout := _under_way.get(service_arn):
            rollout.end("STOPPED", reason)
            rollout.stopped.set()
