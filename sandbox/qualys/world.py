"""All that the simulated subscription is made of, under one lock."""

import itertools
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.qualys.answers import Json, Refusal
from sandbox.qualys.auth import Accounts
from sandbox.qualys.behaviours import Behaviours
from sandbox.qualys.calls import Calls
from sandbox.qualys.clock import Clock
from sandbox.qualys.faults import Faults
from sandbox.qualys.findings import GivenFindings
from sandbox.qualys.images import Image, Images
from sandbox.qualys.limits import RateLimits
from sandbox.qualys.qql import Match, Tokens, compile_filter
from sandbox.qualys.registries import Registries
from sandbox.qualys.scenario import Scenario
from sandbox.qualys.scenario_file import apply
from sandbox.qualys.schedules import Schedules


@dataclass
class World:
    """Hold `lock` to touch anything in it; never across a wait or a pull.

    `given` is what it starts from and comes back to. Raises ValueError if that does not fit.
    """

    accounts: Accounts
    clock: Clock
    given: Sequence[Json] = ()
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.calls = Calls()
        self.faults = Faults()
        self.forget()

    def forget(self) -> None:
        """Resets everything but accounts and clock."""
        with self.lock:
            self.started_at = self.clock.now()
            self.scenario = Scenario()
            self.behaviours = Behaviours()
            self.findings = GivenFindings()
            self.registries = Registries()
            self.schedules = Schedules()
            self.images = Images()
            self.limits = RateLimits()
            self.answers = itertools.count()  # of the vulnerability call
            self.late: list[tuple[float, Callable[[], None]]] = []  # results, and when they show
            self.faults.clear()
            self.calls.clear()
            for one in self.given:
                apply(one, self)

    def know(self, given: Json) -> None:
        """Raises ValueError, and changes nothing, if it does not fit."""
        World(self.accounts, self.clock, [given])
        apply(given, self)

    def switches(self, sha: str, repo_tags: Iterable[tuple[str, str]] = ()) -> Scenario:
        """The scenario as it is for an image."""
        return self.behaviours.over(self.scenario, sha, repo_tags)

    def switches_of(self, image: Image) -> Scenario:
        return self.switches(image.sha, [(at.repository, at.tag) for at in image.repo])

    def matching(self, text: str, tokens: Tokens) -> Match:
        """The predicate of a filter. Raises Refusal."""
        scenario = self.scenario
        fixed = {name: found == "all" for name, found in scenario.token_matches.items()}
        try:
            return compile_filter(text, replace(tokens, fixed=fixed), self.clock.now())
        except Refusal as bad:
            if not scenario.bad_filter_status:
                return lambda _row: True
            raise Refusal(scenario.bad_filter_status, bad.message) from bad

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
