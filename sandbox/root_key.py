"""The secret of the accounts' roots in the embedded AWS: another one in each run.

The access key of an account's root is the number of the account, which everybody knows. Whoever may
open a port of this machine could use it, and have code run as the user who runs the sandbox.
"""

import os
import secrets

VARIABLE = "SANDBOX_ROOT_SECRET"
SECRET = os.environ.get(VARIABLE) or secrets.token_hex(20)
