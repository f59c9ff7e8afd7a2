"""Checks the signatures of roots. ministack checks those of users and sessions, whose secrets it
has made itself.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from ministack.core import sigv4
from ministack.core.iam_evaluator import is_root_access_key
from ministack.core.router import extract_access_key_id

from sandbox import root_key


def is_of_root(headers: Mapping[str, str], query: Mapping[str, Any]) -> bool:
    """Whether a request names the key of a root."""
    key = extract_access_key_id(dict(headers), dict(query))
    return bool(key) and is_root_access_key(key)


def query_of(scope: Mapping[str, Any]) -> dict[str, list[str]]:
    return parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def failure(
    scope: Mapping[str, Any],
    headers: Mapping[str, str],
    query: Mapping[str, Any],
    body: bytes,
) -> tuple[str, str] | None:
    """Returns code and message if the signature is not that of the roots' secret."""
    is_in_query = "authorization" not in headers
    signature = (
        sigv4.parse_query_signature(query) if is_in_query else sigv4.parse_header_signature(headers)
    )
    if isinstance(signature, tuple):
        return signature
    path = scope["raw_path"].partition(b"?")[0].decode("latin-1")
    failed: tuple[str, str] | None = sigv4.header_signature_failure(
        signature,
        root_key.SECRET,
        scope["method"],
        path,
        query,
        headers,
        body,
        presigned=is_in_query,
    )
    return failed
