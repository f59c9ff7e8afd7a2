"""The vendor's clock: wall time for stamps, and how long its work takes."""

import threading
import time


class Clock:
    """Wall time that can be moved forward; durations run `speed` times as fast.

    Stamps stay wall time at any speed, so that they compare with the caller's own clock. A frozen
    clock moves by `advance` alone: the tests' way to stand between two phases of a job.
    """

    def __init__(self, speed: float = 1.0, *, frozen: bool = False) -> None:
        if speed <= 0:
            raise ValueError("speed must be positive")
        self._speed = speed
        self._offset = 0.0
        self._stopped_at = time.time() if frozen else None
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds since the epoch."""
        with self._lock:
            return (time.time() if self._stopped_at is None else self._stopped_at) + self._offset

    def lasting(self, seconds: float) -> float:
        """How long work of that many seconds takes on this clock."""
        return seconds / self._speed

    def advance(self, seconds: float) -> None:
        """Moves the clock; a negative value makes the vendor's clock lag behind the caller's."""
        with self._lock:
            self._offset += seconds


def milliseconds(moment: float | None) -> str | None:
    """A moment the way CSAPI writes times of images and jobs: a string of epoch milliseconds."""
    return None if moment is None else str(int(moment * 1000))
