"""A manifest of one platform without a tag of its own is scanned by the tag of its index."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from image_scan.ecr import index_tags
from tests.support.builders import ACCOUNT, HOST
from tests.unit.ecr.test_digests import identify

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

    from tests.support.fake_ecr import FakeEcr

INDEX = "application/vnd.oci.image.index.v1+json"
NO_TAG = "no tag points at this digest, and Qualys scans by tag"
PUSHED = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_manifest_without_a_tag_is_scanned_by_the_tag_of_its_index(ecr: FakeEcr) -> None:
    amd, arm = (ecr.push("app", config=letter * 64) for letter in "ae")
    ecr.push("app", "other")
    ecr.push_index("app", "v1", (amd, "linux/amd64"), (arm, "linux/arm64"))
    (found,) = identify(ecr, f"{HOST}/app@{arm}")
    assert (found["tag"], found["unscannable"]) == ("v1", "")
    # Only this one's result counts, whatever the sensor pulls by the tag.
    assert (found["digest"], found["manifests"]) == (arm, [arm])
    assert found["configs"] == ["sha256:" + "e" * 64]


def test_the_tag_that_a_reference_names_is_preferred(ecr: FakeEcr) -> None:
    amd = ecr.push("app")
    ecr.push_index("app", "a", (amd, "linux/amd64"))
    ecr.push_index("app", "v1", (amd, "linux/amd64"), ("sha256:" + "0" * 64, "linux/arm64"))
    for tag, expected in (("v1", "v1"), ("moved", "a")):
        (found,) = identify(ecr, f"{HOST}/app:{tag}@{amd}")
        assert (found["tag"], found["unscannable"]) == (expected, "")


def test_a_manifest_that_no_index_with_a_tag_lists_is_unscannable(ecr: FakeEcr) -> None:
    alone, listed = ecr.push("app"), ecr.push("app", config="a" * 64)
    ecr.push_index("app", "", (alone, "linux/amd64"))
    ecr.push_index("app", "v1", (listed, "linux/amd64"))
    (found,) = identify(ecr, f"{HOST}/app@{alone}")
    assert found["unscannable"] == NO_TAG


class Endless:
    """A repository of ever more tagged indexes, one pushed each minute; all list one manifest."""

    def __init__(self, listed: str) -> None:
        self.pages = 0
        self.read: list[str] = []
        self._listed = listed

    def describe_images(self, **asked: Any) -> dict[str, Any]:
        assert asked["filter"] == {"tagStatus": "TAGGED"}
        begin = int(asked.get("nextToken", 0))
        self.pages += 1
        rows = [
            {
                "imageDigest": f"sha256:{number:064x}",
                "imageTags": [f"v{number}"],
                "imageManifestMediaType": INDEX,
                "imagePushedAt": PUSHED + timedelta(minutes=number),
            }
            for number in range(begin, begin + asked["maxResults"])
        ]
        return {"imageDetails": rows, "nextToken": str(begin + asked["maxResults"])}

    def find(self, untagged: dict[str, datetime]) -> dict[str, list[str]]:
        return index_tags.find(cast("ECRClient", self), ACCOUNT, "app", untagged, self.documents)

    def documents(self, names: Any) -> dict[str, Any]:
        self.read += names
        document = {"manifests": [{"digest": self._listed, "platform": {"os": "linux"}}]}
        return {name: json.loads(json.dumps(document)) for name in names}


def test_a_huge_repository_is_not_listed_to_its_end_and_the_nearest_index_comes_first() -> None:
    digest = "sha256:" + "f" * 64
    ecr = Endless(digest)
    untagged = {digest: PUSHED + timedelta(minutes=700, seconds=-1)}
    found = ecr.find(untagged)
    assert ecr.pages == 5
    assert len(ecr.read) == 100
    assert found[digest][:2] == ["v700", "v699"]


@pytest.mark.parametrize("absent", ["imageTags", "imagePushedAt", "imageManifestMediaType"])
def test_an_image_of_which_ecr_does_not_say_all_is_passed_over(absent: str) -> None:
    class Sparse(Endless):
        def describe_images(self, **asked: Any) -> dict[str, Any]:
            answer = super().describe_images(**asked)
            for row in answer["imageDetails"]:
                del row[absent]
            return answer

    digest = "sha256:" + "f" * 64
    ecr = Sparse(digest)
    found = ecr.find({digest: PUSHED})
    assert found == {digest: []}
    assert ecr.read == []
