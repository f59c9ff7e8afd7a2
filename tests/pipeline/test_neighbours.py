"""An index beside other images of its repository: none of them answers for the one that runs."""

from __future__ import annotations

import pytest

from tests.support.builders import HOST
from tests.support.pipeline import REPOSITORY, Pipeline, ended, reason, verdict

AMD, ARM = "a" * 64, "e" * 64
BOTH = {"linux/amd64": AMD, "linux/arm64": ARM}
# One architecture that Fargate has, and one of which nobody knows what it pulls.
KNOWN, UNKNOWN = "x86_64", "riscv64"


def uri(tag: str) -> str:
    return f"{HOST}/{REPOSITORY}:{tag}"


@pytest.mark.parametrize("architecture", [KNOWN, UNKNOWN])
def test_a_bad_image_is_not_clean_by_a_clean_one_that_was_scanned_later(
    settled: Pipeline, architecture: str
) -> None:
    """Its job ends 0.2 s before that of its neighbour, which has a tag of its own."""
    settled.push_index("1.0", BOTH, arm64="tools")
    settled.find(5, key=AMD)
    settled.qualys.behave(f"{REPOSITORY}:1.0", scan_seconds=0.5)
    settled.qualys.behave(f"{REPOSITORY}:tools", scan_seconds=0.7)
    settled.announce(uri("1.0"), "app", architecture)
    settled.announce(uri("tools"), "sidecar", architecture)
    index, tools = settled.scans_together()
    assert (verdict(index), verdict(tools)) == ("FINDINGS", "CLEAN")
    assert [each["verdict"] for each in settled.told()] == ["FINDINGS"]
    assert settled.told()[0]["config_digest"] == f"sha256:{AMD}"


@pytest.mark.parametrize("architecture", [KNOWN, UNKNOWN])
def test_a_bad_image_that_is_not_listed_yet_is_waited_for(
    settled: Pipeline, architecture: str
) -> None:
    """Its clean neighbour was scanned 100 s before the request, as clocks may be apart."""
    settled.push_index("1.0", BOTH, arm64="tools")
    settled.find(5, key=AMD)
    assert verdict(settled.scan(uri("tools"), "sidecar", architecture)) == "CLEAN"
    (neighbour,) = settled.qualys.state()["images"]
    ago = settled.time.time() - neighbour["scannedAt"]
    settled.time.sleep(100 - ago)
    settled.qualys.behave(f"{REPOSITORY}:1.0", visible_from="scanned", results_lag_seconds=100)
    assert verdict(settled.scan(uri("1.0"), "app", architecture)) == "FINDINGS"


@pytest.mark.parametrize("bad", [AMD, ARM], ids=["what was pulled", "its neighbour"])
def test_what_qualys_does_not_tell_apart_is_never_clean(settled: Pipeline, bad: str) -> None:
    """The digest of the index is nowhere in its answers, and the platform is not known."""
    settled.qualys.scenario(repo_digest_of="manifest")
    settled.push_index("1.0", BOTH, arm64="tools")
    settled.find(5, key=bad)
    settled.announce(uri("1.0"), "app", UNKNOWN)
    settled.announce(uri("tools"), "sidecar", UNKNOWN)
    index, _ = settled.scans_together()
    assert verdict(index) == "FINDINGS"
    assert "does not tell which image of the index" in reason(index)


def test_an_image_whose_neighbour_alone_has_a_result_is_never_clean(settled: Pipeline) -> None:
    settled.qualys.behave(f"{REPOSITORY}:1.0", visible_from="scanned", results_lag_seconds=9e4)
    settled.push_index("1.0", BOTH, arm64="tools")
    settled.find(5, key=AMD)
    settled.announce(uri("1.0"), "app", UNKNOWN)
    settled.announce(uri("tools"), "sidecar", UNKNOWN)
    index, _ = settled.scans_together()
    assert ended(index) == ("ERROR", "ScanFailed")
    assert "does not tell which image of the index" in reason(index)


class TestOnePipelineForTwoPlatforms:
    """`v1-amd64`, `v1-arm64` and the index `v1` of both; the sensor pulls for linux/amd64."""

    @pytest.fixture
    def pushed(self, settled: Pipeline) -> Pipeline:
        settled.push_index("v1", BOTH, amd64="v1-amd64", arm64="v1-arm64")
        return settled

    def test_each_workload_is_told_of_the_platform_that_it_runs(self, pushed: Pipeline) -> None:
        pushed.find(5, key=AMD)
        pushed.announce(uri("v1"), "on-amd64", "x86_64")
        pushed.announce(uri("v1-arm64"), "on-arm64", "arm64")
        on_amd, on_arm = pushed.scans_together()
        assert (verdict(on_amd), verdict(on_arm)) == ("FINDINGS", "CLEAN")
        (told,) = pushed.told()
        assert [each["service"] or each["task_definition"] for each in told["workloads"]]
        assert told["config_digest"] == f"sha256:{AMD}"

    def test_one_index_on_two_platforms_has_two_verdicts(self, pushed: Pipeline) -> None:
        """The verdict of the one is not everybody's."""
        pushed.find(5, key=ARM)
        assert verdict(pushed.scan(uri("v1"), "on-amd64", "x86_64")) == "CLEAN"
        run = pushed.scan(uri("v1"), "on-arm64", "arm64")
        assert ended(run) == ("UNSCANNABLE", "ImageNotScannable")
        assert "an image for linux/arm64, and Qualys scanned another one" in reason(run)

    def test_a_platform_that_has_a_tag_of_its_own_is_found_by_it(self, pushed: Pipeline) -> None:
        pushed.find(5, key=ARM)
        pushed.announce(uri("v1"), "on-arm64", "arm64")
        pushed.announce(uri("v1-arm64"), "job", "arm64")
        assert [verdict(each) for each in pushed.scans_together()] == ["FINDINGS", "FINDINGS"]

    def test_the_image_of_the_platform_is_asked_for_directly(self, pushed: Pipeline) -> None:
        pushed.qualys.scenario(scan_seconds=100.0)
        assert verdict(pushed.scan(uri("v1"), "on-amd64", "x86_64")) == "CLEAN"
        asked = [each["path"].rsplit("/", 1)[-1] for each in pushed.qualys.calls()]
        assert AMD in asked
        assert "images" not in asked


@pytest.mark.parametrize("architecture", [KNOWN, "arm64", UNKNOWN])
def test_a_kept_request_is_of_the_same_platform(settled: Pipeline, architecture: str) -> None:
    """Its redrive goes on with the image's own item, and takes no other platform for it."""
    settled.push_index("1.0", BOTH, pulled="linux/arm64")
    settled.spoil("/registry/[^/]+/schedule", method="POST", status=503, times=0)
    assert settled.scan(uri("1.0"), "app", architecture).status == "FAILED"
    (kept,) = settled.kept()
    del kept["error"]
    settled.qualys.mend()
    settled.find(5, key=ARM)
    settled.intake(kept)
    (again,) = settled.scans()
    wanted = "UNSCANNABLE" if architecture == KNOWN else "FINDINGS"
    assert verdict(again) == wanted


def test_a_platform_that_qualys_does_not_pull_is_not_scanned_at_each_start(
    settled: Pipeline,
) -> None:
    settled.push_index("1.0", BOTH)
    assert verdict(settled.scan(uri("1.0"), "app", "arm64")) == "UNSCANNABLE"
    event = settled.event(uri("1.0"), "app", "arm64")
    (task,) = event["detail"].pop("responseElements")["tasks"]
    for number in range(3):
        started = {
            **event,
            "id": f"task-{number}",
            "detail-type": "ECS Task State Change",
            "detail": {
                **task,
                "taskArn": f"task/{number}",
                "group": "family:app",
                "lastStatus": "RUNNING",
                "desiredStatus": "RUNNING",
            },
        }
        settled.intake(started)
    assert settled.scans() == []
