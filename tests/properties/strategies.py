"""What a gateway may answer: any JSON, documents with something wrong in them, damaged bytes."""

from __future__ import annotations

import copy
import gzip
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import requests
from hypothesis import strategies as st

from tests.properties.vendor import DOCUMENTS
from tests.properties.wire import JSON, Answer

if TYPE_CHECKING:
    from collections.abc import Callable

FAILURES = (
    requests.ConnectTimeout,
    requests.ReadTimeout,
    requests.ConnectionError,
    requests.TooManyRedirects,
    requests.exceptions.SSLError,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
    requests.exceptions.InvalidHeader,
)
STATUSES = (200, 201, 202, 203, 204, 205, 206, 226, 299, 300, 301, 302, 304, 307, 308, 400, 401,
            403, 404, 405, 408, 409, 410, 413, 418, 422, 425, 429, 431, 451, 499, 500, 501, 502,
            503, 504, 520, 599, 100, 102, 103, 600, 999)  # fmt: skip

# --- values -------------------------------------------------------------------------------------

_NAMES = sorted(
    {
        name
        for kind in DOCUMENTS.values()
        for each in kind
        if isinstance(each, dict)
        for name in each
    }
    | {"details", "vulns", "data", "count", "severity5Count", "sev5Count", "confirmed", "potential"}
)
_TEXTS = st.sampled_from(
    ["", " ", "0", "-1", "1", "5", "true", "null", "NaN", "SUCCESS", "ERROR", "CONFIRMED",
     "POTENTIAL", "INFO", "2026-03-02T08:15:40Z", "9" * 30, "9" * 5000, "../../x", "a/b?c#d",
     "%2e%2e", "x\r\ny: z", "\x00", "\ud800", "x\udfff", "\u202eabc", "\U0001f600" * 40,
     "e\u0301", "Ⅷ", "٣", "²", "sha256:" + "c" * 64, "C" * 64, "d" * 64, "x" * 3000]
)  # fmt: skip
_NUMBERS = st.sampled_from(
    [0, 1, -1, 2, 5, 6, 7, 100, 404, 2**31, 2**63, 2**64, 10**40, 10**400, -(10**400), 0.0, -0.0,
     0.5, 5.0, 1e308, 5e-324, float("inf"), float("-inf"), float("nan"), 1770000000, 1770000000000,
     1770000000000000]
)  # fmt: skip
scalars = st.none() | st.booleans() | _NUMBERS | _TEXTS | st.integers(-3, 9) | st.text(max_size=6)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=8,
)
_SPARE: list[Any] = [[], {}, [[]], [None], {"data": []}, {"details": []}, {"count": 0}, "", None, 0]

# --- documents with something wrong in them -----------------------------------------------------

Path = tuple[Any, ...]


def _paths(document: Any) -> list[Path]:
    """Every node but the root."""
    found: list[Path] = []
    rest: list[tuple[Path, Any]] = [((), document)]
    while rest:
        path, node = rest.pop()
        inner = (
            node.items()
            if isinstance(node, dict)
            else enumerate(node)
            if isinstance(node, list)
            else ()
        )
        for name, value in inner:
            found.append((*path, name))
            rest.append(((*path, name), value))
    return found


def _drop(parent: Any, name: Any, _: Any) -> None:
    del parent[name]


def _replace(parent: Any, name: Any, value: Any) -> None:
    parent[name] = value


def _duplicate(parent: Any, name: Any, value: Any) -> None:
    if isinstance(parent, list):
        parent.insert(name, copy.deepcopy(parent[name]))
    else:
        parent[f"{name}2"] = copy.deepcopy(parent[name])


def _retype(parent: Any, name: Any, value: Any) -> None:
    old = parent[name]
    if isinstance(old, bool) or old is None:
        parent[name] = str(old).lower()
    elif isinstance(old, int | float):
        parent[name] = str(old)
    elif isinstance(old, str):
        parent[name] = int(old) if old.isascii() and old.isdigit() and len(old) < 20 else [old]
    elif isinstance(old, list):
        parent[name] = dict(enumerate(old)) if value else (old[0] if old else None)
    else:
        parent[name] = [old]


def _wrap(parent: Any, name: Any, value: Any) -> None:
    parent[name] = [parent[name]] if value else {"value": parent[name]}


def _recase(parent: Any, name: Any, value: Any) -> None:
    old = parent[name]
    if isinstance(old, str):
        parent[name] = old.swapcase() if value else f" {old} "
    elif isinstance(name, str):
        parent[name.swapcase()] = parent.pop(name)


def _rename(parent: Any, name: Any, value: Any) -> None:
    if isinstance(name, str):
        parent[name[:-1] if value else f"{name}s"] = parent.pop(name)


def _insert(parent: Any, name: Any, value: Any) -> None:
    """A second document beside the first, by a name that is known."""
    if isinstance(parent, dict) and isinstance(value, dict):
        parent.update(value)


_CHANGES: list[Callable[[Any, Any, Any], None]] = [
    _drop, _replace, _replace, _duplicate, _retype, _wrap, _recase, _rename, _insert,
]  # fmt: skip


# What a verdict hangs on; changed more often than the rest, and to values that mean something.
_DECISIVE = re.compile(
    "Count$|^count$|Date$|^created$|^status$|Status$|ErrorCode$|everity$|^typeDetected$|^isExempted$"
    "|^sha$|^digest$|^details$|^vulns$|^data$|^vulnerabilities$|^vulnSummary$|^confirmed$|^potential$"
)
meanings = st.sampled_from(
    [0, 1, 2, 5, 9, 40, "1", "7", "0", 3.0, -1, True, False, None, "", " 4 ", "INFO", "POTENTIAL",
     "CONFIRMED", "true", "SUCCESS", "FAILED", "Finished", 1_770_000_000, 1_770_000_060_000,
     "1770000060000", "1700000000000", 1.5, [], {}, [None], {"severity5Count": 3}, {"sev5Count": 2}]
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, document: Any, most: int = 3) -> Any:
    """The document with up to `most` of its nodes changed, replaced or gone."""
    changed = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, most))):
        paths = _paths(changed)
        if not paths or draw(st.integers(0, 19)) == 0:
            # A copy: what is sampled is the same object in each example.
            changed = copy.deepcopy(draw(st.sampled_from(_SPARE) | values))
            continue
        decisive = [path for path in paths if _DECISIVE.search(str(path[-1]))]
        if len(decisive) > 0 and draw(st.booleans()):
            paths = decisive
        *way, name = paths[draw(st.integers(0, len(paths) - 1))]
        parent = changed
        for step in way:
            parent = parent[step]
        draw(st.sampled_from(_CHANGES))(
            parent, name, copy.deepcopy(draw(meanings | scalars | values))
        )
    return changed


# --- bytes --------------------------------------------------------------------------------------


def encoded(document: Any) -> bytes:
    """As UTF-8, half characters included, the way a careless server would send them."""
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")


def escaped(document: Any) -> bytes:
    return json.dumps(document).encode()


def deep(levels: int, opening: str, closing: str) -> bytes:
    return (opening * levels + "1" + closing * levels).encode()


_DEEP = st.builds(
    deep,
    st.sampled_from([1, 60, 500, 800, 900, 940, 960, 980, 1000, 3000, 100_000]),
    st.sampled_from(["[", '{"details":', '[{"severity":']),
    st.sampled_from(["", "]", "}", "}]"]),
)
_ODD = st.sampled_from(
    [b"", b" ", b"\n", b"null", b"true", b"0", b'""', b"{}", b"[]", b"[[]]", b"-", b"NaN",
     b"Infinity", b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00", b"\x00", b"\x1f\x8b\x08", b"OK",
     b"<html>a.b.c</html>", b'{"details": []', b'{"details": []}}', b'{"details": [] , }',
     b"{'details': []}", b'"\\ud800"', b'{"details":[{}],"details":[]}', b"9" * 5000,
     b"[" + b"9" * 5000 + b"]", b"1e999", b'"\xff"']
)  # fmt: skip


@st.composite
def garbled(draw: st.DrawFn, body: bytes) -> bytes:
    """Bytes cut short, overwritten, doubled, in another encoding or with something around them."""
    at = draw(st.integers(0, max(len(body) - 1, 0)))
    how = draw(st.integers(0, 9))
    text = body.decode("utf-8", "replace")
    return [
        body[:at],
        body[at:],
        body[:at] + draw(st.binary(min_size=1, max_size=3)) + body[at + 1 :],
        body[:at] + body[at + draw(st.integers(1, 4)) :],
        body + body,
        b"\xef\xbb\xbf" + body,
        body + draw(st.sampled_from([b"\x00", b"}", b"]", b" garbage", b"<!-- -->", b"\n\n"])),
        text.encode("utf-16"),
        text.encode("utf-32-le"),
        text.encode("cp500", "replace"),
    ][how]


# --- headers ------------------------------------------------------------------------------------

waits = st.sampled_from(
    ["0", "1", "2", "5", "9", "10", "11", "60", "3600", "1" * 400, "-1", "1.5", "0x10", "1e3",
     "nan", "inf", "", " ", " 3 ", "3, 4", "٣", "²", "Wed, 21 Oct 2026 07:28:00 GMT", "\x00",
     "null"]
)  # fmt: skip
_CASES = st.sampled_from([str, str.lower, str.upper, str.swapcase])
_WAIT_NAMES = st.sampled_from(
    ["Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Window-Sec",
     "X-RateLimit-ToWait-Sec", "X-Concurrency-Limit-Limit"]
)  # fmt: skip
wait_headers = st.lists(
    st.tuples(st.builds(lambda case, name: case(name), _CASES, _WAIT_NAMES), waits), max_size=5
).map(tuple)
_CHARSETS = ["utf-8", "UTF-16", "utf-32-be", "latin-1", "ascii", "cp500", "utf-7", "idna",
             "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "rot13", "zlib",
             "hex", "none", "", "a\x00b", "utf-8-sig", "\xff", "'utf-8'", "charset"]  # fmt: skip
_LOCATIONS = ["/", "https://elsewhere.example/", "http://[bad", "https://h:port/x", "\xff\xfe", "",
              "//", "https://", "javascript:x", "https://*.example/", "/%zz",
              "http://a b/"]  # fmt: skip
_OTHER_HEADERS = st.sampled_from(
    [("Content-Length", "3"), ("Content-Length", "999999"), ("Content-Length", "x"),
     ("Content-Length", "1, 2"), ("Transfer-Encoding", "chunked"), ("Content-Encoding", "gzip"),
     ("Content-Encoding", "deflate"), ("Content-Encoding", "gzip, gzip"),
     ("Content-Encoding", "br"), ("Content-Encoding", "zstd"), ("Content-Encoding", "nonsense"),
     ("Set-Cookie", "a=b; Path=/"), ("Set-Cookie", "=;;;\x00"),
     ("Set-Cookie", "a=b; expires=x; max-age=zz; domain=.."), ("WWW-Authenticate", "Bearer"),
     ("Link", "<http://x>;rel=next"), ("", ""), ("X-\xff", "\xff")]
)  # fmt: skip
_MEDIA_TYPES = [
    *(f"application/json;charset={name}" for name in _CHARSETS),
    *("", "text/html", "text/plain", "application/json", "a/b; charset", ";", "=;="),
]
headers = st.lists(
    st.sampled_from(_MEDIA_TYPES).map(lambda name: ("Content-Type", name))
    | st.sampled_from(_LOCATIONS).map(lambda name: ("Location", name))
    | _OTHER_HEADERS
    | st.tuples(_WAIT_NAMES, waits),
    max_size=4,
).map(tuple)  # fmt: skip
_MOST_HEADERS = st.one_of(st.just(JSON), st.just(JSON), headers, headers.map(lambda h: (*JSON, *h)))

# --- answers ------------------------------------------------------------------------------------

_documents = st.sampled_from([each for kind in DOCUMENTS.values() for each in kind])
_encoders = st.sampled_from([escaped, encoded])


def bodies(documents: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """Documents as they are, damaged or garbled, and bodies that never were one of them."""
    whole = st.builds(lambda encode, document: encode(document), _encoders, documents)
    broken = documents.flatmap(damaged)
    return st.one_of(
        whole,
        st.builds(lambda encode, document: encode(document), _encoders, broken),
        st.builds(lambda encode, document: encode(document), _encoders, broken),
        whole.flatmap(garbled),
        st.builds(lambda encode, value: encode(value), _encoders, values),
        _ODD,
        _DEEP,
        st.binary(max_size=12),
        whole.map(gzip.compress),
    )


def answers(documents: st.SearchStrategy[Any] = _documents) -> st.SearchStrategy[Answer]:
    """Mostly 200 with a body that has something to do with a document."""
    status = st.one_of(st.just(200), st.just(200), st.just(200), st.sampled_from(STATUSES))
    response = st.builds(Answer, status, bodies(documents), _MOST_HEADERS)
    limited = st.builds(Answer, st.sampled_from([409, 429]), st.just(b""), wait_headers)
    failed = st.sampled_from(FAILURES).map(lambda failure: Answer(failure=failure))
    return st.one_of(response, response, response, response, response, limited, failed)


def stated(document: Any, status: int = 200) -> Answer:
    return Answer(status, escaped(document))


def spoiled(answer: Answer) -> st.SearchStrategy[Answer]:
    """A good answer of JSON with something wrong about it."""
    document = json.loads(answer.body) if answer.body else None
    broken = damaged(document).map(lambda changed: replace(answer, body=escaped(changed)))
    return st.one_of(
        broken,
        broken,
        broken,
        broken,
        garbled(answer.body).map(lambda body: replace(answer, body=body)),
        st.sampled_from(STATUSES).map(lambda status: replace(answer, status=status)),
        headers.map(lambda more: replace(answer, headers=(*JSON, *more))),
        headers.map(lambda other: replace(answer, headers=other)),
        answers(st.just(document)),
    )
