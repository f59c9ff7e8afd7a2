"""`make report`'s page as a person sees it, light and dark, wide and narrow."""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from ops import versions
from ops.installation import Installation
from ops.report.command import page as rendered
from ops.report.contents import Reconciled, Report
from ops.report.images import ImageRow
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


LOCATION = "111122223333/us-east-1/prod"


def workload(name: str, **more: Any) -> dict[str, Any]:
    stated = {"name": name, "state": "running", "since": "2026-02-01T00:00:00+00:00"}
    by = "arn:aws:sts::1:assumed-role/ci/me"
    known = {"until": "", "principal": by, "team": "", "overdue": 0, "out_of_scope": ""}
    return {**stated, **known, **more}


def image(name: str, verdict: str, *counts: int, **more: Any) -> ImageRow:
    levels = dict(zip(("critical", "high", "medium", "low"), counts, strict=False))
    facts: dict[str, Any] = {
        "reason": "",
        "scanned_at": "2026-02-02T02:40:00+00:00" if counts else "",
        "detected": [],
        "is_detected": False,
        "detections": [],
        "findings": [],
        "more": 0,
        "overdue": 0,
        "links": {},
        "running": {LOCATION: [workload("web")]},
        "earlier": {},
        "since": "2026-02-01T00:00:00+00:00",
        "teams": [],
        "notified_since": "",
        "out_of_scope": [],
        **more,
    }
    key = f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"
    return ImageRow(name=name, key=key, verdict=verdict, counts=levels or None, **facts)


def finding(title: str, severity: str = "critical", *, due: str = "") -> dict[str, Any]:
    age = {"since": "2026-01-20" if due else "", "due": due, "open_days": 13 if due else None}
    age["is_overdue"] = bool(due) and due < "2026-02-02"
    stated = {"names": ["CVE-2026-1"], "packages": ["openssl 3.0.7"], "exploit": "exploited now"}
    return {"severity": severity, "title": title, "fix": "fixed in openssl 3.0.8", **stated, **age}


def decision(effect: str) -> dict[str, Any]:
    until = "2026-02-03T00:00:00+00:00" if effect == "bypassed" else ""
    names = {"at": "2026-02-02T02:40:00+00:00", "cluster": "prod", "service": MARKUP}
    return {**names, "effect": effect, "bypass_until": until, "reasons": [MARKUP]}


def everything() -> Report:
    begin = datetime.fromtimestamp(NOW, UTC)
    return Report(
        images=[
            image(
                "shop/app:1.4.2",
                "FINDINGS",
                *(12, 3, 40, 7),
                findings=[
                    finding("overflow", due="2026-01-27"),
                    finding("underflow", "high", due="2026-02-19"),
                ],
                more=60,
                overdue=1,
                links={"image": "https://console.aws.amazon.com/", "qualys": "https://q/"},
                detected=["Examined: vulnerabilities, malware", "Malware: 1 high"],
                is_detected=True,
                running={LOCATION: [workload("web", team="payments", overdue=1), workload("jobs")]},
                teams=["payments"],
                notified_since="2026-01-20T00:00:00+00:00",
            ),
            image(
                *(MARKUP, "FINDINGS", 0, 1, 0, 0),
                reason=MARKUP,
                findings=[finding(MARKUP)],
                running={LOCATION: [workload("web", team=MARKUP)]},
                teams=[MARKUP],
                notified_since="2026-02-02T00:00:00+00:00",
            ),
            image("shop/never", "NONE"),
            image("library/redis:7", "UNSCANNABLE", reason="not an image of ECR"),
            image("shop/job:2", "ERROR", reason="QualysForbidden: no"),
            image(LONG, "CLEAN", 0, 0, 0, 0, running={f"1/eu/{LONG}": [workload(LONG)]}),
            image(
                "shop/old:1",
                "TIMEOUT",
                running={},
                since="",
                earlier={LOCATION: [workload("x", until="2026-02-02T00:00:00+00:00")]},
            ),
        ],
        course=[
            Reconciled(begin + timedelta(days=day), 10, min(day, 9), 1, min(11 * day, 100))
            for day in range(30)
        ],
        silent=["111122223333#eu-west-1"],
        unreadable={"2#eu-west-1": MARKUP},
        gate=[decision(effect) for effect in ("blocked", "would_block", "bypassed", "allowed")],
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
    file.write_text(rendered(report, installation, NOW, "1.2.2"), encoding="utf-8")
    return file


@pytest.fixture
def seen(browser: Browser, scheme: str, tmp_path: Path) -> Iterator[Seen]:
    yield from opened(browser, scheme, 1200, written(everything(), tmp_path))


def test_it_loads_nothing_and_complains_of_nothing(seen: Seen) -> None:
    assert seen.asked == [seen.page.url]
    assert seen.complaints == []


def test_it_says_which_versions_it_is_of(seen: Seen) -> None:
    shown = seen.page.locator("footer").inner_text()
    assert shown == (
        f"Version of the installation: 1.2.2. This page was made by version {versions.local()}."
    )


def test_every_image_is_shown_with_its_verdict(seen: Seen) -> None:
    assert seen.page.locator(".image:visible").count() == len(everything().images)
    first = seen.page.locator(".image").first.inner_text()
    assert re.search(r"shop/app:1.4.2\s+FINDINGS\s+12 critical\s+3 high\s+40 medium", first)
    never = seen.page.locator(".image").nth(2)
    assert "no verdict" in never.inner_text()
    assert never.locator(".counts").inner_text() == "", "no zero"


def test_the_tiles_add_up(seen: Seen) -> None:
    running = seen.page.locator(".tiles strong").first.inner_text()
    legend = seen.page.locator(".legend li").all_inner_texts()
    assert int(running) == sum(int(each.split()[0]) for each in legend) == 6


def test_markup_in_a_name_is_text(seen: Seen) -> None:
    assert seen.page.title() == "What runs where: qualys-image-scan"
    assert seen.page.locator(".image img, .image script").count() == 0
    assert MARKUP in seen.page.locator(".image").nth(1).inner_text()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", 7),
        ("CVE-2026-1 overflow", 1),
        ("REDIS", 1),
        ("<script>", 1),
        ("shop/app underflow nothing-like-it", 0),
    ],
)
def test_a_search_shows_what_has_all_its_words(seen: Seen, words: str, found: int) -> None:
    seen.page.get_by_label("Search").fill(words)
    assert seen.page.locator(".image:visible").count() == found
    assert seen.page.locator("#shown").inner_text() == f"{found} of 7 images"


def test_a_verdict_and_a_location_are_chosen(seen: Seen) -> None:
    seen.page.get_by_label("Verdict").select_option("FINDINGS")
    assert seen.page.locator(".image:visible").count() == 2
    seen.page.get_by_label("Verdict").select_option("")
    seen.page.get_by_role("link", name=f"1/eu/{LONG}").click()
    shown = seen.page.locator(".image:visible")
    assert shown.locator("h3").all_inner_texts() == [LONG]


def test_an_image_says_whose_it_is_and_how_old_that_is(seen: Seen) -> None:
    first = seen.page.locator(".image").first.inner_text()
    assert "Runs since 2026-02-01 (1 day). Notified since 2026-01-20 (13 days)." in first
    web = r"web running since 2026-02-01, by me, team payments 1 overdue\s+jobs running"
    assert re.search(web, first)
    second = seen.page.locator(".image").nth(1).inner_text()
    assert "Notified since 2026-02-02 (today)." in second


def test_a_team_finds_its_images(seen: Seen) -> None:
    chosen = seen.page.locator("[name=team]")
    assert chosen.locator("option").all_inner_texts() == ["all", MARKUP, "payments"]
    for team, name in (("payments", "shop/app:1.4.2"), (MARKUP, MARKUP)):
        chosen.select_option(team)
        shown = seen.page.locator(".image:visible")
        assert shown.locator("h3").all_inner_texts() == [name]


def test_images_are_sorted(seen: Seen) -> None:
    names = seen.page.locator(".image h3")
    worst = names.all_inner_texts()
    seen.page.get_by_label("Sort").select_option("name")
    assert names.all_inner_texts() == sorted(worst, key=str.casefold)
    seen.page.get_by_label("Sort").select_option("scanned")
    assert names.first.inner_text() in ("shop/app:1.4.2", MARKUP, LONG), "never scanned comes last"
    seen.page.get_by_label("Sort").select_option("notified")
    assert names.all_inner_texts()[:2] == ["shop/app:1.4.2", MARKUP], "the oldest comes first"
    seen.page.get_by_label("Sort").select_option("worst")
    assert names.all_inner_texts() == worst


def test_a_link_to_an_image_opens_it_whatever_the_filter(seen: Seen) -> None:
    seen.page.get_by_label("Search").fill("redis")
    anchor = everything().images[0].anchor
    seen.page.evaluate(f"location.hash = '{anchor}'")
    seen.page.wait_for_selector(f"#{anchor} .findings", state="visible")
    text = seen.page.locator(f"#{anchor}").inner_text()
    assert "openssl 3.0.7: fixed in openssl 3.0.8" in text
    assert "exploited now" in text
    assert "and 60 more, at Qualys" in text
    assert seen.page.locator(f"#{anchor} a[href='https://q/']").count() == 1


def test_it_is_read_without_its_script(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(written(everything(), tmp_path).as_uri())
    assert page.locator(".image:visible").count() == 7
    assert not page.locator("#filter").is_visible()
    context.close()


def test_on_paper_all_findings_are_open_and_nothing_asks(seen: Seen) -> None:
    seen.page.emulate_media(media="print")
    seen.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert not seen.page.locator("#filter").is_visible()
    assert seen.page.locator("details:not([open])").count() == 0


def test_five_hundred_images_are_searched_at_once(browser: Browser, tmp_path: Path) -> None:
    many = [
        image(f"shop/app-{number}:1", "FINDINGS", 1, 0, 0, 0, findings=[finding("overflow")] * 10)
        for number in range(500)
    ]
    for page in opened(browser, "light", 1440, written(Report(images=many), tmp_path)):
        page.page.get_by_label("Search").fill("app-499")
        assert page.page.locator(".image:visible").count() == 1
        assert page.complaints == []


def test_all_text_can_be_read(seen: Seen, scheme: str) -> None:
    for summary in seen.page.locator("summary").all():
        summary.click()
    contrasts = seen.page.evaluate(_CONTRASTS)
    named = {"H1.", "text.", "SPAN.verdict CLEAN", "SPAN.critical", "SPAN.high", "DIV.digest"}
    assert named <= contrasts.keys()
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


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_no_page_scrolls_sideways(browser: Browser, tmp_path: Path, width: int) -> None:
    for narrow in opened(browser, "light", width, written(everything(), tmp_path)):
        for summary in narrow.page.locator("summary").all():
            summary.click()
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert narrow.page.evaluate(wide) == 0


def test_a_phone_breaks_no_date_and_no_decision(browser: Browser, tmp_path: Path) -> None:
    for narrow in opened(browser, "light", 390, written(everything(), tmp_path)):
        for words in narrow.page.locator("td time:visible, .gate td:visible").all():
            box = words.bounding_box()
            assert box
            lines = 1 + len(words.inner_text()) // 30
            assert box["height"] < 24 * lines + 16, words.inner_text()


def test_an_installation_that_has_seen_nothing(browser: Browser, tmp_path: Path) -> None:
    for empty in opened(browser, "light", 1200, written(Report(), tmp_path)):
        text = empty.page.locator("body").inner_text()
        assert "Nothing was deployed yet." in text
        assert "make backfill" in text
        assert empty.page.locator("[name=team]").count() == 0
        assert empty.complaints == []
