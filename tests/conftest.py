"""Of all tests: shared fixtures, which group begins first, which lines count, time of each tier."""

import functools
from collections import Counter, defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

from sandbox.emulator import sdk_descriptions

pytest_plugins = ["tests.support.fixtures", "tests.support.leftovers"]

TESTS = Path(__file__).parent
# What takes longest begins first, so that no worker is left with it at the end. One module for
# each stored account is among the first ones: it makes the account, and no other waits for that.
LONGEST = (
    "judges/test_examples_on_moto.py",
    "judges/test_stack_sets_on_moto.py",
    "e2e/organization/test_forwarding.py",
    "e2e/demo/test_demo_organization.py",
    "e2e/test_counts.py",
    "e2e/deploy/test_state.py",
    "e2e/test_neighbours.py",
    "e2e/demo",
    "e2e/test_package.py",
    "e2e/deploy",
    "e2e/chaos",
    "e2e/organization",
    "terraform",
    "e2e",
    "sandbox",
    "budgets",
    "browser",
    "properties",
    "pipeline",
    "unit",
)

sdk_descriptions.read_once()

# The same examples on every run, and none stored in the working folder.
settings.register_profile("repository", derandomize=True, database=None, deadline=None)
settings.load_profile("repository")


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in this hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `--dist loadgroup` the tests of a file stay together, unless they say otherwise."""
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    items.sort(key=lambda item: _rank(item.path))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Counts lines in the tier `unit` alone: a test of the pipeline would take twice as long."""
    plugin = item.config.pluginmanager.get_plugin("_cov")
    counting = getattr(plugin, "cov_controller", None)
    if counting is None or item.path.is_relative_to(TESTS / "unit"):
        return (yield)
    counting.pause()
    try:
        return (yield)
    finally:
        counting.resume()


@functools.cache
def _rank(file: Path) -> int:
    path = file.relative_to(TESTS)
    return next((at for at, part in enumerate(LONGEST) if path.is_relative_to(part)), len(LONGEST))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what each tier took: seconds of all workers together."""
    seconds = defaultdict[str, float](float)
    tests = Counter[str]()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                tier = report.nodeid.split("/")[1]
                seconds[tier] += report.duration
                tests[tier] += report.when == "call"
    if len(tests) > 1:
        terminalreporter.section("seconds of all workers together, by tier")
        for tier, took in sorted(seconds.items(), key=lambda each: -each[1]):
            terminalreporter.write_line(f"{tier:<12} {tests[tier]:>5} tests {took:>7.0f} s")
