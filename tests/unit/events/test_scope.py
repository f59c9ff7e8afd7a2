"""Which images are in scope: by rules, and never out because something is not known."""

from __future__ import annotations

from typing import Any

import pytest

from image_scan.errors import ConfigurationError
from image_scan.events.scope import LATER, NOT_INCLUDED, Facts, Scope

OPTED_OUT = {"name": "opted out", "tags": {"image-scan": "skip"}}


def facts(**changes: Any) -> Facts:
    known = {"account": "111122223333", "cluster": "prod", "service": "web", "tags": dict}
    return Facts(**{**known, "repository": "shop/app", **changes})


def out(facts: Facts, *exclude: Any, include: Any = ()) -> str:
    rule = Scope.read({"include": list(include), "exclude": list(exclude)}).leaves_out(facts)
    return rule.name if rule else ""


def test_everything_is_in_scope_without_a_rule() -> None:
    assert out(facts()) == ""
    assert Scope.read({}).leaves_out(facts()) is None


@pytest.mark.parametrize(
    ("rule", "is_out"),
    [
        ({"accounts": ["111122223333"]}, True),
        ({"accounts": ["999988887777"]}, False),
        ({"clusters": ["dev", "pr*"]}, True),
        ({"clusters": ["dev-*"]}, False),
        ({"services": ["web"]}, True),
        ({"services": ["webs"]}, False),
        ({"repositories": ["shop/*"]}, True),
        ({"repositories": ["shop"]}, False),
        ({"clusters": ["prod"], "services": ["web"], "repositories": ["*/app"]}, True),
        ({"clusters": ["prod"], "services": ["worker"]}, False),
    ],
)
def test_a_rule_matches_where_all_that_it_names_match(rule: Any, is_out: bool) -> None:
    assert out(facts(), {"name": "rule", **rule}) == ("rule" if is_out else "")
    included = out(facts(), include=[{"name": "rule", **rule}])
    assert included == ("" if is_out else NOT_INCLUDED.name)


def test_what_is_included_and_excluded_is_out_by_the_name_of_the_rule() -> None:
    every = {"name": "ours", "accounts": ["111122223333"]}
    assert out(facts(), {"name": "dev", "clusters": ["prod"]}, include=[every]) == "dev"
    assert out(facts(cluster="other"), {"name": "dev", "clusters": ["prod"]}, include=[every]) == ""


@pytest.mark.parametrize("name", ["account", "cluster", "service", "repository"])
def test_what_is_not_known_leaves_nothing_out(name: str) -> None:
    """Neither by a rule that it may match, nor by an include rule that it may not match."""
    plural = {"repository": "repositories"}.get(name, f"{name}s")
    pattern = "111122223333" if name == "account" else getattr(facts(), name)
    rule = {"name": "rule", plural: [pattern]}
    assert out(facts(), rule) == "rule"
    assert out(facts(**{name: ""}), rule) == ""
    assert out(facts(**{name: ""}), include=[rule]) == ""


def test_a_tag_of_the_workload_takes_it_out() -> None:
    assert out(facts(tags=lambda: {"image-scan": "skip", "team": "x"}), OPTED_OUT) == "opted out"
    assert out(facts(tags=lambda: {"image-scan": "yes"}), OPTED_OUT) == ""
    assert out(facts(tags=dict), OPTED_OUT) == ""


def test_tags_that_cannot_be_read_leave_nothing_out() -> None:
    unread = facts(tags=lambda: None)
    assert out(unread, OPTED_OUT) == ""
    assert out(unread, include=[{"name": "scanned", "tags": {"image-scan": "yes"}}]) == ""


def test_tags_are_read_only_where_the_rest_of_a_rule_matches() -> None:
    def refused() -> Any:
        raise AssertionError("nothing asks for tags")

    dev = {**OPTED_OUT, "clusters": ["dev-*"]}
    assert out(facts(tags=refused), dev) == ""


def test_a_registration_is_left_to_its_deployment_where_that_decides() -> None:
    registered = facts(cluster="", service="", is_registered=True)
    assert out(registered, {"name": "dev", "clusters": ["dev-*"]}) == LATER.name
    assert out(registered, include=[{"name": "prod", "services": ["web"]}]) == LATER.name
    assert out(registered, {"name": "shop", "repositories": ["shop/*"]}) == "shop"
    # Another rule's facts are known, and do not match: no deployment can change that.
    tools = {"name": "tools", "clusters": ["dev-*"], "repositories": ["tools/*"]}
    assert out(registered, tools) == ""


def test_a_registration_whose_tags_cannot_be_read_is_scanned_ahead() -> None:
    unread = facts(cluster="", service="", is_registered=True, tags=lambda: None)
    assert out(unread, OPTED_OUT) == ""


@pytest.mark.parametrize(
    "rule",
    [
        {"name": "all"},
        {"name": "all", "repositories": ["*"]},
        {"name": "all", "clusters": ["dev-*", "**"]},
        {"name": "all", "services": ["-*"]},
        {"name": "all", "colour": ["red"]},
        {"repositories": ["shop/*"]},
        {"name": "all", "tags": ["image-scan"]},
    ],
)
def test_a_rule_for_everything_or_of_an_unknown_kind_is_refused(rule: Any) -> None:
    for kind in ("include", "exclude"):
        with pytest.raises(ConfigurationError, match="SCOPE"):
            Scope.read({kind: [rule]})
    with pytest.raises(ConfigurationError, match="SCOPE takes no skip"):
        Scope.read({"skip": []})
