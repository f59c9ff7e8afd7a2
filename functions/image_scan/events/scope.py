"""Decides which images of which workloads are in scope of the installation. Pure.

A rule matches where each kind of fact that it names matches. What an `exclude` rule matches is out
of scope; so is what no `include` rule matches, if there are any. A fact that is not known never
leaves anything out. A scan by hand is not asked about.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from image_scan.errors import ConfigurationError

Tags = Mapping[str, str]
_PATTERNS = ("accounts", "clusters", "services", "repositories")
# A registered task definition is in no cluster yet, and any service may run it.
_OF_DEPLOYMENTS = ("clusters", "services")


@dataclass(frozen=True)
class Facts:
    """What rules ask about. An empty text is not known. `service` is the family of a task that is
    in no service. `tags` reads those of the workload, and returns None if they cannot be read."""

    account: str
    cluster: str
    service: str
    repository: str
    tags: Callable[[], Tags | None]
    is_registered: bool = False


@dataclass(frozen=True)
class Rule:
    """Patterns may hold `*`. `tags` are exact. `allow_at_gate`: the deployment gate lets such
    images start without a verdict."""

    name: str
    accounts: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    tags: Tags | None = None
    allow_at_gate: bool = False

    @classmethod
    def read(cls, inputs: Mapping[str, Any]) -> Self:
        """Raises ConfigurationError, also for a rule that would match everything."""
        try:
            patterns = {name: tuple(inputs.get(name) or ()) for name in _PATTERNS}
            rule = cls(**{**inputs, **patterns, "tags": dict(inputs.get("tags") or {})})
        except (TypeError, ValueError) as error:
            raise ConfigurationError(f"SCOPE has no rule in this: {error}") from None
        named = [each for name in _PATTERNS for each in patterns[name]]
        if not (named or rule.tags) or any(_is_everything(each) for each in named):
            raise ConfigurationError(f"the rule {rule.name} of SCOPE would match everything")
        return rule

    def matches(self, facts: Facts) -> bool | None:
        """Returns None if that depends on a fact that is not known."""
        values = (facts.account, facts.cluster, facts.service, facts.repository)
        asked = [
            (value, patterns)
            for name, value in zip(_PATTERNS, values, strict=True)
            if (patterns := getattr(self, name))
        ]
        if any(value and not _is_any(value, patterns) for value, patterns in asked):
            return False
        if not all(value for value, _ in asked):
            return None
        if not self.tags:
            return True
        known = facts.tags()
        return None if known is None else self.tags.items() <= known.items()

    @property
    def is_of_deployments(self) -> bool:
        return any(getattr(self, name) for name in _OF_DEPLOYMENTS)


NOT_INCLUDED = Rule("not included")
LATER = Rule("decided when it is deployed")


@dataclass(frozen=True)
class Scope:
    include: tuple[Rule, ...] = ()
    exclude: tuple[Rule, ...] = ()

    @classmethod
    def read(cls, inputs: Mapping[str, Any]) -> Self:
        """Raises ConfigurationError."""
        if unknown := inputs.keys() - {each.name for each in fields(cls)}:
            raise ConfigurationError(f"SCOPE takes no {', '.join(sorted(unknown))}")
        return cls(**{name: tuple(map(Rule.read, rules)) for name, rules in inputs.items()})

    @property
    def names_repositories(self) -> bool:
        return any(rule.repositories for rule in (*self.include, *self.exclude))

    def leaves_out(self, facts: Facts) -> Rule | None:
        """Returns the rule by which an image at a workload is out of scope; None if it is in scope.

        A registered task definition for which that depends on its deployment is left to that.
        """
        for rule in self.exclude:
            is_met = rule.matches(facts)
            if is_met or (is_met is None and facts.is_registered and rule.is_of_deployments):
                return rule if is_met else LATER
        included = [rule.matches(facts) for rule in self.include]
        if not included or True in included:
            return None
        if None in included:
            return LATER if facts.is_registered else None
        return NOT_INCLUDED


EVERYTHING = Scope()


def _is_any(value: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(value, each) for each in patterns)


def _is_everything(pattern: str) -> bool:
    return not re.search(r"[A-Za-z0-9]", pattern)
