"""Every link of the pages to a file, or to a heading, leads there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.emulator_process import REPOSITORY
from tests.support.documents import anchors, links, pages

if TYPE_CHECKING:
    from pathlib import Path

ELSEWHERE = ("https://", "http://", "mailto:")
LINKS = [
    (page, link)
    for page in pages()
    for link in dict.fromkeys(links(page.read_text()))
    if not link.startswith(ELSEWHERE)
]


def test_the_pages_have_links() -> None:
    assert len(LINKS) > 60
    assert any("#" in link for _, link in LINKS)


@pytest.mark.parametrize(
    ("page", "link"), LINKS, ids=[f"{page.relative_to(REPOSITORY)} {link}" for page, link in LINKS]
)
def test_a_link_leads_somewhere(page: Path, link: str) -> None:
    file, _, anchor = link.partition("#")
    target = (page.parent / file).resolve() if file else page
    assert target.is_relative_to(REPOSITORY)
    assert target.exists()
    if anchor:
        readable = target / "README.md" if target.is_dir() else target
        assert anchor in anchors(readable.read_text())
