"""Expressions of DynamoDB: ministack reads one anew for each item that it is held against."""

import functools

from ministack.services import dynamodb

_KEPT = 4096

for _name in ("_tokenize", "_condition_syntax_error"):
    # The answer depends on the text alone, and is only read.
    setattr(dynamodb, _name, functools.lru_cache(_KEPT)(getattr(dynamodb, _name)))
