"""Mocks of the aws provider for `terraform test`, which then needs no account."""


def mocked(region: str, account_id: str = "111122223333", alias: str = "") -> str:
    """A `mock_provider` block whose data sources answer for this region and account."""
    named = f'  alias = "{alias}"\n' if alias else ""
    values = {
        "aws_iam_policy_document": ("json", "{}"),
        "aws_partition": ("partition", "aws"),
        "aws_region": ("id", region),
        "aws_caller_identity": ("account_id", account_id),
    }
    data = "".join(
        f'  mock_data "{name}" {{\n    defaults = {{ {attribute} = "{value}" }}\n  }}\n'
        for name, (attribute, value) in values.items()
    )
    return f'mock_provider "aws" {{\n{named}{data}}}\n'
