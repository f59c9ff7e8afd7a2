"""How many examples a property gets: a few, the same ones on each run, or many by a random seed.

`python tests/properties` sets the environment variable for the second; `make test` does not.
"""

from __future__ import annotations

import functools
import os
from collections import Counter
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

# Examples per property and round; unset for the few.
EXAMPLES = "FUZZ_EXAMPLES"
# The file to which a session writes how often it tried each property.
ACCOUNT = "FUZZ_ACCOUNT"
MANY = int(os.environ.get(EXAMPLES, "0"))

# How often each property was tried in this process.
tried: Counter[str] = Counter()


def fuzzed(few: int, **strategies: SearchStrategy[Any]) -> Callable[[Any], Any]:
    """A property over drawn arguments, tried `few` times unless many are asked for."""

    def decorate(test: Callable[..., None]) -> Any:
        @functools.wraps(test)
        def counted(*args: Any, **drawn: Any) -> None:
            tried[test.__name__] += 1
            test(*args, **drawn)

        tried[test.__name__] += 0
        chosen = settings(
            max_examples=MANY or few,
            derandomize=not MANY,
            database=None,  # a failure is replayed by its seed
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        return chosen(given(**strategies)(counted))

    return decorate
