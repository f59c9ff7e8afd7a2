"""A task that is pinned to one platform of an index: the index has the tag that Qualys needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.qualys.image_source import PulledImage
from tests.support.builders import HOST
from tests.support.pipeline import REPOSITORY, reason, verdict

if TYPE_CHECKING:
    from tests.support.pipeline import Pipeline

PULLED, OTHER = "a" * 64, "e" * 64  # configs


def push(pipeline: Pipeline) -> tuple[str, str]:
    """An index under a tag, of which the sensor pulls the first platform; both their digests."""
    first, second = (pipeline.ecr.push(REPOSITORY, config=config) for config in (PULLED, OTHER))
    index = pipeline.ecr.push_index(
        REPOSITORY, "v1", (first, "linux/amd64"), (second, "linux/arm64")
    )
    pulled = PulledImage(config=f"sha256:{PULLED}", manifest=first, resolved=index)
    pipeline.held.push(HOST, REPOSITORY, {"v1": pulled})
    return first, second


@pytest.mark.parametrize(("severities", "expected"), [((), "CLEAN"), ((5,), "FINDINGS")])
def test_a_platform_without_a_tag_is_scanned_by_the_tag_of_its_index(
    pipeline: Pipeline, severities: tuple[int, ...], expected: str
) -> None:
    pinned, _ = push(pipeline)
    pipeline.find(*severities, key=PULLED)
    assert verdict(pipeline.scan(f"{HOST}/{REPOSITORY}@{pinned}")) == expected
    assert pipeline.item(pinned)["tag"] == "v1"


def test_another_platform_of_the_index_never_answers_for_it(pipeline: Pipeline) -> None:
    _, pinned = push(pipeline)
    run = pipeline.scan(f"{HOST}/{REPOSITORY}@{pinned}")
    assert verdict(run) in ("UNSCANNABLE", "ERROR"), reason(run)
    assert not [call for call in pipeline.calls() if call.endswith("/vuln")]
