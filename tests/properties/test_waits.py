"""How long a limited answer asks to wait, by whatever its headers say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from image_scan.qualys.transport import wait_seconds
from tests.properties import strategies
from tests.properties.profile import fuzzed

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ["Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Window-Sec",
         "X-RateLimit-ToWait-Sec"]  # fmt: skip
texts = st.one_of(
    strategies.waits,
    st.text(max_size=8),
    st.integers(-5, 10**12).map(str),
    st.floats().map(str),
    st.integers(0, 99).map(lambda number: f" {number}\t"),
)
stated = st.lists(st.tuples(st.sampled_from(NAMES), texts), max_size=6)
cases = st.sampled_from([str, str.lower, str.upper, str.swapcase, str.title])


@fuzzed(200, headers=stated, case=cases)
def test_every_wait_is_a_finite_time_in_any_spelling(
    headers: list[tuple[str, str]], case: Callable[[str], str]
) -> None:
    given, respelled = CaseInsensitiveDict[str](), CaseInsensitiveDict[str]()
    for name, text in headers:
        given[name] = text
        respelled[case(name)] = text
    asked = wait_seconds(given)
    assert math.isfinite(asked)
    assert asked >= 0
    assert asked == wait_seconds(respelled)


@fuzzed(
    100,
    retry=st.none() | st.integers(0, 10**6),
    to_wait=st.none() | st.integers(0, 10**6),
    window=st.none() | st.integers(0, 10**6),
    remaining=st.none() | st.integers(0, 3),
)
def test_the_longest_of_what_is_asked_for_is_waited(
    retry: int | None, to_wait: int | None, window: int | None, remaining: int | None
) -> None:
    """The window counts once nothing remains of it; two seconds where nothing is said."""
    said = {
        "Retry-After": retry,
        "X-RateLimit-ToWait-Sec": to_wait,
        "X-RateLimit-Window-Sec": window,
        "X-RateLimit-Remaining": remaining,
    }
    headers = CaseInsensitiveDict(
        {name: str(value) for name, value in said.items() if value is not None}
    )
    asked = [each for each in (retry, to_wait) if each is not None]
    if remaining == 0 and window is not None:
        asked.append(window)
    assert wait_seconds(headers) == max(asked, default=2)
