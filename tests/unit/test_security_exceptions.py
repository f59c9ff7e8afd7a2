"""The list of skipped checks in docs/security.md is that of the modules."""

import re
from collections import defaultdict

from sandbox.aws import REPOSITORY

MODULES = REPOSITORY / "modules"


def skipped() -> dict[tuple[str, str], set[str]]:
    """Where each check is skipped for a reason, as a row of the page names it."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for file in (*MODULES.rglob("*.tf"), *MODULES.rglob("*.yaml")):
        where = str(file.relative_to(MODULES)).removesuffix(".tf").removesuffix("/main")
        for check, reason in re.findall(r"# checkov:skip=(\w+): *(.*)", file.read_text()):
            assert reason, f"{where} skips {check} without a reason"
            found[check, reason].add(where)
    return found


def test_the_page_lists_every_skipped_check() -> None:
    page = (REPOSITORY / "docs/security.md").read_text()
    section = page.partition("\n## Checks that are skipped\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`\w+`) \| (.*) \| (.*) \|$", section, re.MULTILINE)
    listed = {
        (check.strip("`"), reason): set(re.findall(r"`([^`]+)`", where))
        for check, where, reason in rows
    }
    assert listed == skipped()
