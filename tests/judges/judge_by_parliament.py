"""Judges policies by parliament, in the judges' environment: [{kind, document}] -> [what it says].

Of resources that name no resource nothing is said where the policy is a resource's own.
"""

import json
import sys
from typing import Any

import parliament


def said(policy: dict[str, Any]) -> list[str]:
    findings = parliament.analyze_policy_string(json.dumps(policy["document"])).findings
    return [
        f"{each.issue}: {each.detail}"
        for each in findings
        if (policy["kind"], each.issue) != ("resource", "RESOURCE_STAR")
    ]


if __name__ == "__main__":
    found = {each for policy in json.load(sys.stdin) for each in said(policy)}
    json.dump(sorted(found), sys.stdout)
