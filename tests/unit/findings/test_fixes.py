"""The version that fixes a finding, from each of the workloads that may hold it."""

import zlib
from typing import Any

import pytest

from image_scan.findings import encoding, fixes
from image_scan.findings.fixes import Package

HEADER = "Package Installed_Version Required_Version"
EXPAT = Package("expat", "2.1.0-10.21.amzn1.x86_64", "2.1.0-14.31.amzn1")
# As a vendor's sample has it: the rows repeat, and underscores are doubled.
SAMPLE = (
    f'#table cols="3"\n{HEADER}\n'
    "expat 2.1.0-10.21.amzn1.x86__64 2.1.0-14.31.amzn1\n"
    "expat 2.1.0-10.21.amzn1.x86__64 2.1.0-14.31.amzn1"
)


def entry(*software: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"qid": 1, "software": list(software), "result": None, **changes}


def software(name: str, fix: Any = None, **changes: Any) -> dict[str, Any]:
    return {"name": name, "version": "1", "fixVersion": fix, **changes}


def of_image(*softwares: Any) -> dict[int, list[Package]]:
    return fixes.unpack(fixes.pack(list(softwares)))


def test_a_vendors_sample_of_a_table_is_read() -> None:
    assert fixes.table(SAMPLE) == [EXPAT]


@pytest.mark.parametrize(
    "text",
    [
        SAMPLE.replace("\n", "\r\n"),
        SAMPLE.replace(" 2", "\t2").replace(HEADER, HEADER.replace(" ", "\t")),
        SAMPLE.replace(HEADER, "Package\tInstalled Version\tRequired Version"),
        SAMPLE.replace(" 2", "   2"),
        SAMPLE.removeprefix('#table cols="3"\n'),
        f"Found on this host:\n{SAMPLE}",
        f"{SAMPLE}\n\nNot vulnerable: kernel 5",
        f"{SAMPLE}\nkernel is fine",
        f'{SAMPLE}\n#table cols="3"\nPackage Installed_Version Path\nzlib 1.2 /usr/2',
    ],
    ids=range(9),
)
def test_a_table_is_read_in_its_odd_forms(text: str) -> None:
    assert fixes.table(text) == [EXPAT]


@pytest.mark.parametrize(
    "text",
    [
        None,
        7,
        ["x"],
        "",
        "expat 2.1.0 2.1.4",
        "#table cols=3\nPackage Installed_Version Path\nexpat 2.1.0 2.1.4",
        f"{HEADER}\nexpat 2.1.4",
        f"{HEADER}\nexpat 2.1.0 none",
        f"{HEADER}\nPython pip kernel 5",
        "Required_Version is 3\n2.0 1.0 5",
    ],
)
def test_what_is_no_table_of_required_versions_fixes_nothing(text: Any) -> None:
    assert fixes.table(text) == []


def test_a_name_may_have_blanks_and_a_table_more_columns() -> None:
    assert fixes.table(f"{HEADER}\nPython pip 20.1 21.1") == [Package("Python pip", "20.1", "21.1")]
    wide = f"{HEADER} Path\njackson 2.9 2.15 /srv/app.jar"
    assert fixes.table(wide) == [Package("jackson", "2.9", "2.15")]
    tabs = "Package\tRequired_Version\tPath\njackson\t2.15\t\njackson core\t2.15\t/srv/my app.jar"
    assert [each.name for each in fixes.table(tabs)] == ["jackson", "jackson core"]


def test_the_nearest_workload_of_a_package_is_believed() -> None:
    table = f"{HEADER}\nzlib 1 1.3\nexpat 1 1.3"
    stated = entry(software("expat", "1.1"), software("zlib"), result=table)
    rows = of_image(
        software("zlib", "1.2", vulnerabilities=[{"qid": 1}]),
        software("expat", "1.2", vulnerabilities=[{"qid": 1}]),
    )
    assert fixes.packages(stated, rows) == (["expat 1", "zlib 1"], ["expat 1.1", "zlib 1.2"])
    assert fixes.packages(stated, {})[1] == ["expat 1.1", "zlib 1.3"]


def test_the_software_of_an_image_is_joined_by_qid() -> None:
    rows = of_image(
        software("expat", "1.2", vulnerabilities=[{"qid": 1}, {"qid": 2}, {"qid": None}, 7]),
        software("zlib", "1.3", vulnerabilities=[{"qid": 2}]),
    )
    assert rows == {
        1: [Package("expat", "1", "1.2")],
        2: [Package("expat", "1", "1.2"), Package("zlib", "1", "1.3")],
    }
    assert fixes.packages(entry(qid=0), rows) == ([], [])


@pytest.mark.parametrize(
    "vulnerabilities", [None, {"severity5Count": 1}, [], [1], [{"qid": "1"}], "1", 1]
)
def test_what_names_no_finding_joins_none(vulnerabilities: Any) -> None:
    assert of_image(software("expat", "1.2", vulnerabilities=vulnerabilities)) == {}


@pytest.mark.parametrize("softwares", [None, {}, "x", [None], [{}], [{"vulnerabilities": [{}]}]])
def test_an_image_without_readable_software_fixes_nothing(softwares: Any) -> None:
    assert fixes.pack(softwares) == ""
    assert fixes.unpack("") == {}


def test_of_one_qid_the_finding_has_what_is_of_its_package() -> None:
    """A QID is listed once a package in some answers."""
    found = [{"qid": 1}]
    rows = of_image(
        software("expat", "1.2", vulnerabilities=found),
        software("zlib", "1.3", vulnerabilities=found),
    )
    assert fixes.packages(entry(software("zlib")), rows)[1] == ["zlib 1.3"]
    assert fixes.packages(entry(), rows) == (["expat 1", "zlib 1"], ["expat 1.2", "zlib 1.3"])
    assert fixes.packages(entry(software("libz")), rows)[1] == ["expat 1.2", "zlib 1.3"]


def test_an_architecture_is_no_other_package() -> None:
    table = f"{HEADER}\nlibc6 1 2\norg 1 3"
    stated = entry(software("libc6:amd64"), software("org:jar"), result=table)
    assert fixes.packages(stated, {}) == (
        ["libc6:amd64 1", "org:jar 1"],
        ["libc6:amd64 2", "org 3"],
    )


def test_fixes_beyond_the_ceiling_are_left_out() -> None:
    many = [
        software(
            f"package-{zlib.crc32(bytes(number))}",
            f"1.{number}",
            vulnerabilities=[{"qid": qid} for qid in range(number, number + 9)],
        )
        for number in range(9000)
    ]
    packed = fixes.pack(many)
    assert 20_000 < len(packed) <= 60_000
    assert fixes.unpack(packed)[5]


@pytest.mark.parametrize("rows", [7, [7], [["a", 7]], [["a", "b", [1]]], [["a", "b", "c", [[]]]]])
def test_what_is_not_packed_software_fixes_nothing(rows: Any) -> None:
    assert fixes.unpack(encoding.compressed(rows)) == {}
    assert fixes.unpack("eJw=") == fixes.unpack("x") == {}
