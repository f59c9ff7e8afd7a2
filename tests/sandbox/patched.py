"""What ministack has become: run by the emulator's Python, with the modules to import first.

Prints JSON: what changed by imports alone, and what stands behind each target of a patch.
"""

import importlib
import json
import pkgutil
import sys
import types
from typing import Any

import ministack.core
import ministack.services
from ministack import app  # noqa: F401 - brings what it needs along


def load() -> None:
    """Imports all of ministack that our modules may change; it does so itself when needed."""
    for package in (ministack.core, ministack.services):
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")


def contents() -> dict[str, Any]:
    """Every global of ministack and jsonata, every member of their classes and of their tables."""
    found: dict[str, Any] = {}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("ministack", "jsonata"):
            for key, value in vars(module).items():
                found[f"{name}:{key}"] = value
                found |= {f"{name}:{key}.{each}": v for each, v in members(value).items()}
    return found


def members(value: Any) -> dict[str, Any]:
    if isinstance(value, type) and value.__module__.partition(".")[0] in ("ministack", "jsonata"):
        return {key: each for key, each in vars(value).items() if not key.startswith("_abc")}
    if isinstance(value, dict):
        return {str(key): each for key, each in value.items()}
    return {}


def chain(target: str) -> list[str]:
    """Names of the functions that a call of the target passes through, from outside."""
    module, _, path = target.partition(":")
    parents, _, last = path.rpartition(".")
    owner = pkgutil.resolve_name(f"{module}:{parents}")
    value = owner[last] if isinstance(owner, dict) else getattr(owner, last)
    names = []
    while hasattr(value, "func"):
        names.append(f"{value.func.__module__}.{value.func.__qualname__}")
        value = value.__wrapped__
    kind = type(value) if not isinstance(value, types.FunctionType) else value
    return [*names, f"{kind.__module__}.{kind.__qualname__}"]


def main() -> None:
    load()
    before = contents()
    for name in sys.argv[1:]:
        importlib.import_module(f"sandbox.emulator.{name}")
    after = contents()
    changed = sorted(key for key in before | after if before.get(key) is not after.get(key))
    from sandbox.emulator import patches, patching  # noqa: PLC0415 - after the imports above

    patching.apply(patches.PATCHES)
    chains = {patch.target: chain(patch.target) for patch in patches.PATCHES}
    sys.stdout.write(json.dumps({"changed": changed, "chains": chains}))


main()
