"""make scan: one image now."""

from sandbox.installation import Installation

from .conftest import Operate, Pushed

CRITICAL = {"qid": 1, "severity": 5, "title": "a critical finding", "cveids": ["CVE-2026-0001"]}


def test_a_scan_is_begun(operate: Operate, pushed: Pushed, installation: Installation) -> None:
    done = operate("scan", IMAGE=pushed.image.by_tag)
    assert done.status == 0, done.errors
    assert "A scan has begun." in done.output
    installation.wait_until_idle()
    assert pushed.verdict["status"] == "CLEAN"


def test_its_verdict_is_waited_for(operate: Operate, pushed: Pushed) -> None:
    done = operate("scan", IMAGE=pushed.image.by_tag, WAIT="1", JSON="1")
    assert done.status == 0, done.errors
    assert (done.json["result"], done.json["verdict"]) == ("started", "CLEAN")
    assert done.json["digest"] == pushed.image.digest


def test_findings_are_shown_and_notified(
    operate: Operate, pushed: Pushed, installation: Installation
) -> None:
    pushed.find(CRITICAL)
    done = operate("scan", IMAGE=pushed.image.by_digest, WAIT="1")
    assert done.status == 1, done.errors
    assert "1 critical" in done.output
    assert "CVE-2026-0001" in done.output
    (sent,) = installation.notifications()
    assert sent["workloads"] == []
    assert [each.rsplit(":")[-1] for each in sent["requested_by"]] == ["root"]


def test_what_is_known_is_not_scanned_again(operate: Operate, pushed: Pushed) -> None:
    operate("scan", IMAGE=pushed.image.by_tag, WAIT="1")
    done = operate("scan", IMAGE=pushed.image.by_tag, WAIT="1", JSON="1")
    assert (done.status, done.json["result"], done.json["verdict"]) == (0, "known", "CLEAN")


def test_force_goes_past_a_verdict(
    operate: Operate, pushed: Pushed, installation: Installation
) -> None:
    operate("scan", IMAGE=pushed.image.by_tag, WAIT="1")
    first = pushed.verdict
    pushed.find(CRITICAL)
    done = operate("scan", IMAGE=pushed.image.by_tag, WAIT="1", FORCE="1", JSON="1")
    assert done.status == 1, done.errors
    assert (done.json["result"], done.json["verdict"]) == ("started", "FINDINGS")
    assert pushed.verdict["owner"] != first["owner"]
    assert len(installation.notifications()) == 1


def test_force_does_not_end_a_running_scan(
    operate: Operate, pushed: Pushed, installation: Installation
) -> None:
    installation.qualys.control.scenario(scan_seconds=7)  # with 30 checks in some ten
    try:
        operate("scan", IMAGE=pushed.image.by_tag)
        begun = pushed.verdict
        done = operate("scan", IMAGE=pushed.image.by_tag, WAIT="1", FORCE="1", JSON="1")
    finally:
        installation.qualys.control.scenario(scan_seconds=0.2)
    assert (done.status, done.json["result"]) == (0, "in progress"), done.errors
    assert done.json["verdict"] == "CLEAN"
    assert pushed.verdict["owner"] == begun["owner"]


def test_a_scan_without_a_result_says_why(operate: Operate, pushed: Pushed) -> None:
    pushed.behave(job_error="SENSOR_ERROR")
    done = operate("scan", IMAGE=pushed.image.by_tag, WAIT="1", JSON="1")
    assert (done.status, done.json["verdict"]) == (3, "ERROR")
    assert "SENSOR_ERROR" in done.json["reason"]


def test_repository_and_tag_are_enough(operate: Operate, pushed: Pushed) -> None:
    name = pushed.image.by_tag.partition("/")[2]
    done = operate("scan", IMAGE=name, WAIT="1", JSON="1")
    assert (done.status, done.json["image"]) == (0, pushed.image.by_tag), done.errors
    assert done.json["digest"] == pushed.image.digest


def test_what_is_not_in_ecr_is_refused(operate: Operate, installation: Installation) -> None:
    done = operate("scan", IMAGE="docker.io/library/nginx:1", WAIT="1")
    assert (done.status, done.output) == (2, "")
    assert "not in a private Amazon ECR registry" in done.errors
    assert "docker.io/library/nginx" not in installation.verdicts()


def test_an_image_must_be_given(operate: Operate) -> None:
    done = operate("scan")
    assert (done.status, done.output) == (2, "")
    assert done.errors.startswith("No image is given")
