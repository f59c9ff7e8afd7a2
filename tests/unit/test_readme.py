"""README.md stays a page that is read in a few minutes: details have pages of their own."""

import re

from sandbox.emulator_process import REPOSITORY
from tests.support.documents import block, without_blocks

MOST = 1500


def words(page: str) -> list[str]:
    """What a reader reads: no fenced blocks, no code in tables, no addresses of links."""
    text = without_blocks(page)
    text = re.sub(r"(?m)^\|.*$", lambda row: re.sub("`[^`]*`", "", row[0]), text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return re.findall(r"\S*\w\S*", text)


def test_what_counts_as_a_word() -> None:
    page = "# A b\n\n```bash\nmake x\n```\n\n| `c d` | e |\n| --- | --- |\n\n[f g](h/i.md) `j k`\n"
    assert words(page) == ["A", "b", "e", "[f", "g]", "`j", "k`"]


def test_the_readme_is_short() -> None:
    assert len(words((REPOSITORY / "README.md").read_text())) <= MOST


def test_the_e_mail_is_a_part_of_the_whole_one() -> None:
    whole = block("docs/notifications.md#the-e-mail").splitlines()
    assert set(block("README.md#the-e-mail").splitlines()) < set(whole)
