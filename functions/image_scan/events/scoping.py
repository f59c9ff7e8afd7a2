"""Marks the images of an event that are out of scope. docs/scope.md describes the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_scan.ecr.references import Unscannable
from image_scan.events.api_calls import family
from image_scan.events.by_hand import SMOKE_CONTAINER, is_by_hand
from image_scan.events.scope import EVERYTHING, Facts
from image_scan.events.tags import WorkloadTags
from image_scan.events.workloads import is_registered

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from image_scan.aws.cross_account import Accounts
    from image_scan.contracts import Deployment, Image
    from image_scan.ecr.references import EcrReference
    from image_scan.events.scope import Rule, Scope


class Scoping:
    """Reads the tags of a workload once, and only if a rule needs them."""

    def __init__(self, scope: Scope, accounts: Accounts) -> None:
        self._scope = scope
        self._accounts = accounts
        self._tags = WorkloadTags(accounts)

    def mark(
        self,
        images: Iterable[Image],
        deployment: Deployment,
        named: Mapping[str, EcrReference | Unscannable],
        *,
        wanted: bool = False,
    ) -> None:
        """Sets `out_of_scope` of images. `named` is what containers name: two repositories may hold
        the same image, which is in scope if it is in scope in one of them. `wanted`: somebody waits
        for the verdicts all the same."""
        is_smoke = is_registered(deployment) and named.keys() == {SMOKE_CONTAINER}
        if self._scope == EVERYTHING or is_by_hand(deployment) or is_smoke:
            return
        for image in images:
            found = [self._rule(deployment, named[name]) for name in image["containers"]]
            rules = [each for each in found if each]
            if rules and len(rules) == len(found):
                # The gate lets an image start only if each of its rules says so.
                rule = min(rules, key=lambda each: each.allow_at_gate)
                image["out_of_scope"] = rule.name
                image["allow_at_gate"] = rule.allow_at_gate
                image["wanted"] = wanted

    def _rule(self, deployment: Deployment, named: EcrReference | Unscannable) -> Rule | None:
        registered = is_registered(deployment)
        name = deployment["service"] or family(deployment["task_definition"])
        facts = Facts(
            account=deployment["account"],
            cluster=deployment["cluster"],
            service="" if registered else name,
            repository=self._repository(named, deployment["account"]),
            tags=lambda: self._tags.of(deployment),
            is_registered=registered,
        )
        return self._scope.leaves_out(facts)

    def _repository(self, image: EcrReference | Unscannable, deployer: str) -> str:
        """Returns the repository that rules match: without its registry only in an account of ours,
        because anybody can have one of this name elsewhere. Empty if it is not known whose the
        account is."""
        if isinstance(image, Unscannable):
            return image.full_name
        if not self._scope.names_repositories:
            return image.repository
        is_ours = self._accounts.belongs(image.account_id, image.region, deployer)
        with_registry = f"{image.host}/{image.repository}"
        return {True: image.repository, False: with_registry, None: ""}[is_ours]
