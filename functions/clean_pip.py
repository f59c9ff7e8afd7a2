"""Runs pip with the user's index and network settings, and without any other setting of the user.

Settings such as `user`, `target` or `require-virtualenv` aim elsewhere, or stop pip.

    python3 functions/clean_pip.py install --requirement ops/requirements.txt
"""

import ast
import os
import re
import subprocess
import sys

if sys.version_info < (3, 9):  # noqa: UP036 - the user may have an older one
    version = ".".join(str(part) for part in sys.version_info[:3])
    sys.exit(f"Python 3.9 or newer is needed, and {sys.executable} is {version}.")

# Where packages come from, and how pip gets there.
PASSED_ON = {
    *("index-url", "extra-index-url", "no-index", "find-links", "trusted-host"),
    *("proxy", "cert", "client-cert", "timeout", "default-timeout", "retries", "keyring-provider"),
}
SECTIONS = ("global", "install", "download")  # a later one goes before an earlier one


class PipError(Exception):
    """pip failed, and has said why."""


def run(*arguments: str) -> None:
    """Runs pip; what it prints goes to stderr. Raises PipError."""
    command = [*_pip(), *arguments]
    if subprocess.run(command, env=environment(), stdout=sys.stderr, check=False).returncode:
        raise PipError(
            f"pip {arguments[0]} failed. It needs a package index: where PyPI cannot be reached, "
            "set HTTPS_PROXY or PIP_INDEX_URL."
        )


def environment() -> dict[str, str]:
    """The environment for pip: the settings that are passed on, from files and variables alike.

    Raises PipError where there is no pip, or where it cannot read its settings.
    """
    others = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    own = {_variable(name): os.environ.get(_variable(name), "") for name in PASSED_ON}
    found = _from_files(others) | {name: value for name, value in own.items() if value}
    return {**others, **found, "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def _from_files(others: dict[str, str]) -> dict[str, str]:
    # `pip config list` takes these from the same files, and would show less.
    plain = {f"PIP_{name}": "0" for name in ("USER", "GLOBAL", "SITE", "QUIET", "VERBOSE")}
    file = {name: os.environ[name] for name in ("PIP_CONFIG_FILE",) if name in os.environ}
    listed = subprocess.run(
        [*_pip(), "config", "list"],
        env={**others, **plain, **file},
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        raise PipError(listed.stderr.strip() or "pip does not show its settings.")
    lines = re.findall(r"^(\w+)\.([\w-]+)=(['\"].*)$", listed.stdout, re.MULTILINE)
    return {
        _variable(name): ast.literal_eval(value)
        for section in SECTIONS
        for found, name, value in lines
        if found == section and name in PASSED_ON
    }


def _variable(name: str) -> str:
    return "PIP_" + name.replace("-", "_").upper()


def _pip() -> list[str]:
    return [sys.executable, "-m", "pip"]


if __name__ == "__main__":
    try:
        run(*sys.argv[1:])
    except PipError as error:
        sys.exit(str(error))
