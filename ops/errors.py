"""The errors that an operator reads if a command cannot do its work."""


class OpsError(Exception):
    """One sentence for the operator. It ends the command with `status`: what was given is wrong."""

    status = 2


class Failed(OpsError):
    """The command did its work, and it failed."""

    status = 1


class NoAnswer(OpsError):
    """Nothing is known: AWS or Qualys refused a call, or did not answer."""

    status = 3
