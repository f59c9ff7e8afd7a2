"""Whose result counts where a tag names an index: a neighbour's never does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest

from image_scan.errors import ImageNotScannable, ScanFailed
from image_scan.scans import status
from tests.support.builders import (
    API,
    HOST,
    JOB,
    NOW_MS,
    REGISTRY,
    SUBMISSION,
    image,
    listed,
    qualys_image,
    schedule,
)

if TYPE_CHECKING:
    import responses

    from image_scan.contracts import Image, Status
    from image_scan.qualys.client import QualysClient

INDEX, AMD, ARM, AMD_CONFIG, ARM_CONFIG = ("sha256:" + digit * 64 for digit in "91234")
COUNTS = {f"severity{level}Count": int(level == 5) for level in range(1, 6)}
BAD: dict[str, Any] = {"vulnerabilities": COUNTS}
MONTHS_AGO = str(NOW_MS - 90 * 86_400_000)

# What runs on linux/amd64, on linux/arm64, and on a platform that is not known.
ON_AMD = image(digest=INDEX, manifests=[AMD], configs=[AMD_CONFIG])
ON_ARM = image(digest=INDEX, platform="linux/arm64", manifests=[ARM], configs=[ARM_CONFIG])
ON_ANY = image(
    digest=INDEX,
    platform="",
    manifests=[AMD, ARM, INDEX],
    configs=[AMD_CONFIG, ARM_CONFIG],
    certain=False,
)


def row(config: str, *pulled_by: str, tag: str = "1.4.2", **changes: Any) -> dict[str, Any]:
    """An image as Qualys lists it, by its config, the digests it was pulled by, and one tag."""
    workload = {"registry": HOST, "repository": "shop/app"}
    return qualys_image(
        sha=config.removeprefix("sha256:"),
        repo=[{**workload, "tag": tag}],
        repoDigests=[{**workload, "digest": each.removeprefix("sha256:")} for each in pulled_by],
        **changes,
    )


@dataclass
class Check:
    """Asks once its job has ended, with the rows of its repository."""

    qualys: QualysClient
    answers: responses.RequestsMock

    def __call__(self, of: Image, *rows: dict[str, Any], earlier: int = 0) -> Status:
        stated = self.answers
        stated.get(f"{API}/registry/reg-1/schedule", json=listed(schedule()))
        for each in (AMD_CONFIG, ARM_CONFIG):
            sha = each.removeprefix("sha256:")
            known = next((one for one in rows if one["sha"] == sha), None)
            stated.get(f"{API}/images/{sha}", **({"json": known} if known else {"status": 404}))
        stated.get(f"{API}/images", **({"json": listed(*rows)} if rows else {"status": 204}))
        stated.delete(f"{API}/registry/reg-1/schedule/{JOB}", status=204)
        return status.check(of, REGISTRY, SUBMISSION, earlier, False, self.qualys)


@pytest.fixture
def check(qualys: QualysClient, answers: responses.RequestsMock) -> Check:
    return Check(qualys, answers)


def sha(config: str) -> str:
    return config.removeprefix("sha256:")


def test_a_clean_neighbour_that_was_scanned_later_does_not_answer(check: Check) -> None:
    """The bad image is pulled under our tag; its job ended 0.2 s before that of its neighbour."""
    bad = row(AMD_CONFIG, INDEX, lastVmScanDate=str(NOW_MS + 60_000), **BAD)
    clean = row(ARM_CONFIG, ARM, tag="tools", lastVmScanDate=str(NOW_MS + 60_200))
    for each in (ON_AMD, ON_ANY):
        for order in ((bad, clean), (clean, bad)):
            found = check(each, *order)
            assert (found["complete"], found["sha"]) == (True, sha(AMD_CONFIG))
            assert (found["severe"], found["doubt"]) == (1, "")


def test_a_neighbour_that_was_scanned_before_the_request_does_not_answer(check: Check) -> None:
    """100 s before it, as two clocks may be apart, while the bad image is not listed yet."""
    clean = row(ARM_CONFIG, ARM, tag="tools", lastVmScanDate=str(NOW_MS - 100_000))
    for each in (ON_AMD, ON_ANY):
        for earlier in range(4):
            assert check(each, clean, earlier=earlier)["complete"] is False
    with pytest.raises(ScanFailed, match="does not list the image"):
        check(ON_AMD, clean, earlier=4)


def test_a_neighbour_alone_never_shows_that_the_image_is_clean(check: Check) -> None:
    """Where nobody knows which of them runs, and Qualys does not say which it has pulled."""
    clean = row(ARM_CONFIG, ARM, tag="tools")
    found = check(ON_ANY, clean, earlier=4)
    assert found["complete"] is True
    assert "does not say which image of the index" in found["doubt"]


def test_the_worst_answers_where_qualys_does_not_say_what_it_pulled(check: Check) -> None:
    bad = row(AMD_CONFIG, AMD, lastVmScanDate=str(NOW_MS + 1_000), **BAD)
    worse = {**BAD, "vulnerabilities": {**COUNTS, "severity4Count": 1}}
    newer = row(ARM_CONFIG, ARM, lastVmScanDate=str(NOW_MS + 2_000))
    for rows, expected in (
        ((bad, newer), AMD_CONFIG),
        ((newer, bad), AMD_CONFIG),
        ((bad, {**newer, **worse}), ARM_CONFIG),
    ):
        assert check(ON_ANY, *rows, earlier=3)["complete"] is False
        found = check(ON_ANY, *rows, earlier=4)
        assert (found["sha"], found["fresh"]) == (sha(expected), True)
        assert found["doubt"]


def test_an_old_result_of_the_worst_does_not_hide_behind_a_new_one(check: Check) -> None:
    """Both were pulled by the index's digest, by sensors of two platforms; one is scanned again."""
    old = row(AMD_CONFIG, INDEX, lastVmScanDate=MONTHS_AGO, **BAD)
    new = row(ARM_CONFIG, INDEX)
    assert check(ON_ANY, old, new)["complete"] is False
    assert check(ON_ANY, old, new, earlier=4)["doubt"]
    again = row(AMD_CONFIG, INDEX, **BAD)
    found = check(ON_ANY, again, new)
    assert (found["sha"], found["doubt"]) == (sha(AMD_CONFIG), "")


def test_what_is_no_image_of_the_platform_was_pulled_by_the_index(check: Check) -> None:
    """A runtime may take it as well: ours is then not shown to be what runs."""
    unsure = image(digest=INDEX, manifests=[AMD], configs=[AMD_CONFIG], certain=False)
    foreign, ours = row("sha256:" + "5" * 64, INDEX), row(AMD_CONFIG, INDEX, AMD)
    assert check(unsure, ours)["doubt"] == ""
    assert check(unsure, ours, foreign)["complete"] is False
    assert check(unsure, ours, foreign, earlier=4)["doubt"]


def test_an_image_that_is_still_processed_is_waited_for(check: Check) -> None:
    """The old result of the other may not stand for both."""
    old = row(ARM_CONFIG, ARM, lastVmScanDate=MONTHS_AGO)
    pending = row(AMD_CONFIG, INDEX, vulnerabilities=None)
    assert check(ON_ANY, old, pending, earlier=9)["complete"] is False


def test_another_platform_of_the_index_does_not_answer(check: Check) -> None:
    """The sensor pulls for linux/amd64, and the image runs on linux/arm64."""
    pulled = row(AMD_CONFIG, INDEX)
    assert check(ON_ARM, pulled)["complete"] is False
    with pytest.raises(ImageNotScannable, match="an image for linux/arm64, and Qualys scanned an"):
        check(ON_ARM, pulled, earlier=1)


def test_a_platform_is_known_by_its_own_tag(check: Check) -> None:
    """`v1-arm64` beside `v1`: the same bytes, whichever tag they were scanned under."""
    rows = row(AMD_CONFIG, INDEX, **BAD), row(ARM_CONFIG, ARM, tag="v1-arm64")
    assert check(ON_ARM, *rows)["sha"] == sha(ARM_CONFIG)
    assert check(ON_AMD, *rows)["sha"] == sha(AMD_CONFIG)


def test_an_old_result_of_the_platform_is_notified_as_old(check: Check) -> None:
    old = row(ARM_CONFIG, ARM, tag="v1-arm64", lastVmScanDate=MONTHS_AGO)
    found = check(ON_ARM, row(AMD_CONFIG, INDEX), old, earlier=4)
    assert (found["sha"], found["fresh"], found["doubt"]) == (sha(ARM_CONFIG), False, "")


def test_the_repository_is_not_listed_while_the_image_is_known(
    check: Check, answers: responses.RequestsMock
) -> None:
    assert check(ON_AMD, row(AMD_CONFIG, INDEX))["complete"] is True
    asked = [str(call.request.path_url).split("?")[0] for call in answers.calls]
    assert [each.rsplit("/", 1)[-1] for each in asked] == ["schedule", sha(AMD_CONFIG)]


def test_an_execution_from_before_an_upgrade_goes_on(check: Check) -> None:
    for of in (ON_AMD, ON_ANY):
        before = {name: value for name, value in of.items() if name not in ("certain", "platform")}
        assert check(cast("Image", before), row(AMD_CONFIG, INDEX))["complete"] is True


def test_of_a_tag_that_several_images_had_the_worst_answers(check: Check) -> None:
    """ECR does not say the digest, so none of them is known not to be what runs."""
    tag_only = image(digest="", manifests=[], configs=[])
    rows = row(AMD_CONFIG, **BAD), row(ARM_CONFIG, lastVmScanDate=str(NOW_MS + 90_000))
    assert check(tag_only, *rows)["sha"] == sha(AMD_CONFIG)
