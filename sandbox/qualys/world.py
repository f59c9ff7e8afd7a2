"""All that the simulated subscription is made of, under one lock."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.qualys.auth import Accounts
from sandbox.qualys.behaviours import Behaviours
from sandbox.qualys.calls import Calls
from sandbox.qualys.clock import Clock
from sandbox.qualys.faults import Faults
from sandbox.qualys.findings import ToldFindings
from sandbox.qualys.images import Images
from sandbox.qualys.limits import RateLimits
from sandbox.qualys.registries import Registries
from sandbox.qualys.scenario import Scenario
from sandbox.qualys.schedules import Schedules


@dataclass
class World:
    """Hold `lock` to touch anything in it; never across a wait or a pull."""

    accounts: Accounts
    clock: Clock
    initial: Scenario
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.calls = Calls()
        self.faults = Faults()
        self.forget()

    def forget(self) -> None:
        """Back to the first moment, apart from accounts and clock."""
        with self.lock:
            self.scenario = self.initial.clone()
            self.behaviours = Behaviours()
            self.findings = ToldFindings()
            self.registries = Registries()
            self.schedules = Schedules()
            self.images = Images()
            self.limits = RateLimits()
            self.faults.clear()
            self.calls.clear()

    def as_json(self) -> Mapping[str, Any]:
        now = self.clock.now()
        return {
            "registries": [
                {"registryUuid": one.uuid, "registryUri": one.uri, "arn": one.connector.arn}
                for one in self.registries.all(now)
            ],
            "connectors": [one.as_json() for one in self.registries.connectors()],
            "schedules": [
                {**one.as_json({}), "registryUuid": one.registry_uuid, "forceScan": one.force_scan}
                for one in self.schedules.all()
            ],
            "images": [
                {
                    "sha": one.sha,
                    "repo": [f"{at.registry}/{at.repository}:{at.tag}" for at in one.repo],
                    "repoDigests": [at.digest for at in one.repo_digests],
                    "scannedAt": one.scanned_at,
                    "scanStatus": one.scan_status,
                    "findings": None if one.findings is None else len(one.findings),
                }
                for one in self.images.all()
            ],
        }
