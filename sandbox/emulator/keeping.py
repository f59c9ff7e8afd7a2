"""Writes all that is in the embedded AWS to the folder that it begins from."""

from pathlib import Path

from ministack import app as ministack
from ministack.core import persistence


def keep() -> list[str]:
    """Returns the services whose state was written. ministack passes over what it cannot write."""
    stored = []
    for service, get_state in ministack._build_persistence_save_dict().items():
        state = get_state()
        if state is None:
            continue
        path = Path(persistence.STATE_DIR, f"{service}.json")
        path.unlink(missing_ok=True)
        persistence.save_state(service, state)
        if not path.exists():
            raise OSError(f"the state of {service} was not written")
        stored.append(service)
    return stored
