"""Opens a session of STS while another thread opens one: run by the emulator's Python.

Prints the keys of the sessions that are open then.
"""

import sys
import threading
from typing import Any

from ministack.services import sts

from sandbox.emulator import patches


class Slow(dict[str, Any]):
    """A session; when somebody first looks at it, another thread opens one."""

    seen = False

    def get(self, key: str, default: Any = None) -> Any:
        if not self.seen:
            self.seen = True
            other = threading.Thread(target=sts.register_session, args=["other", {}])
            other.start()
            other.join(5)
        return super().get(key, default)


patches.apply()
sts._sessions["first"] = Slow()
sts.register_session("mine", {})
sys.stdout.write(" ".join(sorted(sts._sessions)))
