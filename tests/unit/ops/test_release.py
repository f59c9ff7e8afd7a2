"""What a release changes in texts, and what its SBOM lists."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import date
from typing import Any

import pytest

from ops.errors import OpsError
from ops.release import sbom
from ops.release.version import order, released, require_newer, with_source

DAY = date(2026, 2, 2)
SORTED = [
    *("0.1.0-dev", "0.1.0", "0.9.0", "0.10.0", "1.0.0-1", "1.0.0-2", "1.0.0-10"),
    *("1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta", "1.0.0-rc.1", "1.0.0-rc.2", "1.0.0"),
]
CHANGELOG = (
    "# Changelog\n\nWhat.\n\n## Unreleased\n\n- New.\n\n### More\n\n- Too.\n\n## 0.1.0\n\n- Old.\n"
)
REQUESTS = """Metadata-Version: 2.4
Name: Requests
Version: 2.34.2
Summary: Python HTTP for Humans.
License: Apache-2.0
Requires-Dist: charset_normalizer<4,>=2
Requires-Dist: PySocks!=1.5.7; extra == "socks"
"""
OTHER = "Metadata-Version: 2.1\nName: charset-normalizer\nVersion: 3.5.2\nLicense: MIT\n"
STRUCTLOG = "Metadata-Version: 2.4\nName: structlog\nVersion: 26.1.0\nLicense-Expression: MIT\n"


def zipped(**packages: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("image_scan/log.py", "")
        for name, text in packages.items():
            archive.writestr(f"{name}-1.dist-info/METADATA", text)
    return made.getvalue()


ZIP = zipped(requests=REQUESTS, charset_normalizer=OTHER, structlog=STRUCTLOG)


def test_versions_are_sorted_as_semver_says() -> None:
    given = SORTED[::-1]
    assert sorted(given, key=order) == SORTED


@pytest.mark.parametrize(
    "version", ["1", "1.2", "v1.2.3", "1.2.3+build", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.٣", "a"]
)
def test_what_is_no_version_is_refused(version: str) -> None:
    with pytest.raises(OpsError, match=r"is no semantic version, such as 1\.2\.3"):
        order(version)


@pytest.mark.parametrize("version", ["1.2.3", "1.2.3-rc.1", "1.2.2"])
def test_a_release_is_newer_than_the_one_before(version: str) -> None:
    with pytest.raises(OpsError, match=rf"VERSION={version} is not newer than 1\.2\.3"):
        require_newer(version, "1.2.3")
    require_newer("1.3.0-rc.1", "1.2.3")


def test_what_was_unreleased_is_under_the_version() -> None:
    made = released(CHANGELOG, "0.2.0", DAY)
    begin = "# Changelog\n\nWhat.\n\n## Unreleased\n\n## 0.2.0 (2026-02-02)\n\n- New.\n\n### More\n"
    assert made == f"{begin}\n- Too.\n\n## 0.1.0\n\n- Old.\n"


@pytest.mark.parametrize(
    "text", ["# Changelog\n", "## Unreleased\n", "## Unreleased\n\n## 0.1.0\n\n- Old.\n"]
)
def test_a_release_without_a_change_is_refused(text: str) -> None:
    with pytest.raises(OpsError, match=r"CHANGELOG\.md says nothing under Unreleased"):
        released(text, "0.2.0", DAY)


def test_the_first_release_has_the_whole_changelog() -> None:
    text = "## Unreleased\n\n- New.\n"
    assert released(text, "0.1.0", DAY) == "## Unreleased\n\n## 0.1.0 (2026-02-02)\n\n- New.\n"


def test_the_source_of_the_module_names_the_version() -> None:
    text = 'source = "git::https://x/y.git?ref=v0.1.0"\n`?ref=`'
    assert with_source(text, "0.2.0") == text.replace("v0.1.0", "v0.2.0")


def listed() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sbom.document(ZIP, "1.2.3", DAY))
    return found


def test_the_sbom_is_valid_and_the_same_each_time() -> None:
    # To import its validator takes seconds, in each worker.
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415

    text = sbom.document(ZIP, "1.2.3", DAY)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert sbom.document(ZIP, "1.2.3", DAY) == text


def test_the_sbom_names_the_zip_by_its_digest() -> None:
    ours = listed()["metadata"]["component"]
    assert (ours["name"], ours["version"]) == ("fargate-image-scan", "1.2.3")
    assert ours["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(ZIP).hexdigest()}]


def test_the_sbom_lists_each_package_with_its_licence() -> None:
    found = {each["purl"]: each["licenses"][0]["license"]["id"] for each in listed()["components"]}
    assert found == {
        "pkg:pypi/charset-normalizer@3.5.2": "MIT",
        "pkg:pypi/requests@2.34.2": "Apache-2.0",
        "pkg:pypi/structlog@26.1.0": "MIT",
    }


def test_the_sbom_says_who_needs_what() -> None:
    needed = {each["ref"]: each.get("dependsOn", []) for each in listed()["dependencies"]}
    assert needed == {
        "fargate-image-scan": ["requests==2.34.2", "structlog==26.1.0"],
        "requests==2.34.2": ["charset-normalizer==3.5.2"],
        "charset-normalizer==3.5.2": [],
        "structlog==26.1.0": [],
    }
