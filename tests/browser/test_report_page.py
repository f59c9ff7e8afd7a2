"""`make report`'s page as a person sees it, light and dark, wide and narrow."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from ops.installation import Installation
from ops.report.command import page as rendered
from ops.report.contents import ImageRow, Reconciled, Report
from tests.support.builders import NOW

MARKUP = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
LONG = "team/" + "a-repository-with-a-name-that-never-ends-" * 5
# WCAG 2.2, level AA, of text as large as here.
CONTRAST = 4.5
_CONTRASTS = """
() => {
  const luminance = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(value => value / 255)
      .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = element => {
    for (let each = element; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if (!/^rgba\\(.*, 0\\)$/.test(colour)) return colour;
    }
  };
  const found = {};
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some(each => each.nodeType === 3 && each.data.trim());
    if (!own) continue;
    const style = getComputedStyle(element);
    const front = luminance(element.closest("svg") ? style.fill : style.color);
    const back = luminance(behind(element));
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    found[`${element.tagName}.${element.getAttribute("class") || ""}`] = ratio;
  }
  return found;
}
"""


def workload(where: str, **more: Any) -> dict[str, Any]:
    stated = {"where": where, "state": "running", "since": "2026-02-01T00:00:00+00:00"}
    return {**stated, "until": "", "principal": "arn:aws:sts::1:assumed-role/ci/me", **more}


def image(name: str, verdict: str, *counts: int, **more: Any) -> ImageRow:
    levels = dict(zip(("critical", "high", "medium", "low"), counts, strict=False))
    facts: dict[str, Any] = {
        "reason": "",
        "scanned_at": "2026-02-02T02:40:00+00:00" if counts else "",
        "detected": [],
        "is_detected": False,
        "findings": [],
        "running": [workload("web in 111122223333/us-east-1/prod")],
        "earlier": [],
        **more,
    }
    return ImageRow(
        name=name, digest="sha256:" + "d" * 64, verdict=verdict, counts=levels or None, **facts
    )


def everything() -> Report:
    begin = datetime.fromtimestamp(NOW, UTC)
    return Report(
        images=[
            image(
                "shop/app:1.4.2",
                "FINDINGS",
                *(12, 3, 40, 7),
                findings=["CVE-2026-1: overflow"],
                detected=["Examined: vulnerabilities, malware", "Malware: 1 high"],
                is_detected=True,
            ),
            image(MARKUP, "FINDINGS", 0, 1, 0, 0, reason=MARKUP, findings=[MARKUP]),
            image("shop/never", "NONE"),
            image("library/redis:7", "UNSCANNABLE", reason="not an image of ECR"),
            image("shop/job:2", "ERROR", reason="QualysForbidden: no"),
            image(LONG, "CLEAN", 0, 0, 0, 0, running=[workload(f"{LONG} in 1/eu/{LONG}")]),
            image("shop/old:1", "TIMEOUT", running=[], earlier=[workload("x", until="2026-02-02")]),
        ],
        course=[
            Reconciled(begin + timedelta(days=day), 10, min(day, 9), 1, min(11 * day, 100))
            for day in range(30)
        ],
        silent=["111122223333#eu-west-1"],
        unreadable={"2#eu-west-1": MARKUP},
    )


class Seen:
    """A page that is open, and what it complained of or asked for."""

    def __init__(self, page: Page, file: Path) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(file.as_uri())

    def _console(self, message: ConsoleMessage) -> None:
        self.complaints.append(message.text)


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def opened(browser: Browser, scheme: Any, width: int, file: Path) -> Iterator[Seen]:
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    yield Seen(page, file)
    page.close()


def written(report: Report, folder: Path) -> Path:
    session = boto3.Session(region_name="us-east-1")
    installation = Installation(session, "111122223333", "aws", "us-east-1", "qualys-image-scan")
    file = folder / "report.html"
    file.write_text(rendered(report, installation, NOW), encoding="utf-8")
    return file


@pytest.fixture
def seen(browser: Browser, scheme: str, tmp_path: Path) -> Iterator[Seen]:
    yield from opened(browser, scheme, 1200, written(everything(), tmp_path))


def test_it_loads_nothing_and_complains_of_nothing(seen: Seen) -> None:
    assert seen.asked == [seen.page.url]
    assert seen.complaints == []


def test_every_image_is_shown_with_its_verdict(seen: Seen) -> None:
    rows = seen.page.locator("tbody > tr")
    assert rows.count() == len(everything().images)
    first = rows.first.inner_text()
    assert "shop/app:1.4.2" in first
    assert re.search(r"FINDINGS[\s\S]*12\s+3\s+40\s+7\s+web in", first)
    assert "no verdict" in rows.nth(2).inner_text()
    assert "\u2013" in rows.nth(2).locator(".number").first.inner_text(), "not a zero"


def test_markup_in_a_name_is_text(seen: Seen) -> None:
    assert seen.page.title() == "What runs where: qualys-image-scan"
    assert seen.page.locator("tbody img, body script").count() == 0
    assert MARKUP in seen.page.locator("tbody > tr").nth(1).inner_text()


def test_all_text_can_be_read(seen: Seen, scheme: str) -> None:
    for summary in seen.page.locator("summary").all():
        summary.click()
    contrasts = seen.page.evaluate(_CONTRASTS)
    assert {"H1.", "text.", "SPAN.CLEAN", "TD.number critical", "DIV.quiet"} <= contrasts.keys()
    assert {name: ratio for name, ratio in contrasts.items() if ratio < CONTRAST} == {}
    background = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", background)[:3])) / 3
    assert (brightness < 128) == (scheme == "dark")


def test_the_course_is_drawn_within_its_frame(seen: Seen) -> None:
    frame = seen.page.locator("svg").bounding_box()
    line = seen.page.locator("svg .course").bounding_box()
    assert frame
    assert line
    assert line["width"] > frame["width"] * 0.8
    assert line["height"] > frame["height"] * 0.5
    for label in seen.page.locator("svg text").all():
        box = label.bounding_box()
        assert box
        assert frame["x"] - 1 <= box["x"]
        assert box["x"] + box["width"] <= frame["x"] + frame["width"] + 1
    assert seen.page.locator("svg circle").count() == 30


def test_a_narrow_page_does_not_scroll_sideways(browser: Browser, tmp_path: Path) -> None:
    for narrow in opened(browser, "light", 375, written(everything(), tmp_path)):
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert narrow.page.evaluate(wide) == 0


def test_an_installation_that_has_seen_nothing(browser: Browser, tmp_path: Path) -> None:
    for empty in opened(browser, "light", 1200, written(Report(), tmp_path)):
        text = empty.page.locator("body").inner_text()
        assert "Nothing was deployed yet." in text
        assert "make backfill" in text
        assert empty.complaints == []
