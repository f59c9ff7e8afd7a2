"""The error that an operator reads if a command cannot do its work."""


class OpsError(Exception):
    """One sentence for the operator; the command ends with status 2."""
