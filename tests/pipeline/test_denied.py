"""A repository that we may not read, and the sensor may: what it holds is known by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.qualys import PulledImage
from tests.pipeline.test_foreign_registries import Member
from tests.pipeline.test_neighbours import AMD, ARM, BOTH, uri
from tests.support.pipeline import URI, reason, verdict

if TYPE_CHECKING:
    from tests.support.pipeline import Pipeline


@pytest.mark.attack(1)
@pytest.mark.parametrize("is_known", [False, True])
def test_no_copy_lets_the_image_of_another_platform_answer(
    connected: Pipeline, environment: pytest.MonkeyPatch, is_known: bool
) -> None:
    """The sensor pulls the clean image for amd64 by the digest of the index."""
    member = Member(connected, environment)
    index = connected.push_index("v1", BOTH)
    connected.find(5, key=ARM)
    if is_known:
        assert verdict(connected.scan(uri("v1"), "owner", "arm64")) == "UNSCANNABLE"
    copy = PulledImage(f"sha256:{AMD}", f"sha256:{'1' * 64}", index)
    assert member.starts(index, copy, "v1", "arm64") == "ERROR", "nor is it clean there"
    if not is_known:
        assert verdict(connected.scan(uri("v1"), "owner", "arm64")) == "UNSCANNABLE"
    assert connected.item(f"{index}#linux/arm64")["status"] == "UNSCANNABLE"


@pytest.mark.parametrize(("severity", "expected"), [(5, "FINDINGS"), (0, "ERROR")])
def test_what_is_known_by_its_tag_alone_may_be_bad_and_is_never_clean(
    connected: Pipeline, severity: int, expected: str
) -> None:
    connected.ecr_refuses()
    if severity:
        connected.find(severity)
    run = connected.scan(URI)
    assert (verdict(run), "ECR did not show the manifest" in reason(run)) == (expected, True)
