"""What an installation consists of, as AWS lists it."""

from sandbox.installation import Installation

PREFIX = "qualys-image-scan"


def resources(installation: Installation) -> dict[str, list[str]]:
    """The names of everything in the account that carries the installation's prefix, by kind."""
    client = installation.client
    found = {
        "functions": [f["FunctionName"] for f in client("lambda").list_functions()["Functions"]],
        "machines": [
            m["name"] for m in client("stepfunctions").list_state_machines()["stateMachines"]
        ],
        "tables": client("dynamodb").list_tables()["TableNames"],
        "queues": client("sqs").list_queues().get("QueueUrls", []),
        "topics": [t["TopicArn"] for t in client("sns").list_topics()["Topics"]],
        "roles": [r["RoleName"] for r in client("iam").list_roles()["Roles"]],
        "rules": [r["Name"] for r in client("events").list_rules()["Rules"]],
        "alarms": [a["AlarmName"] for a in client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "logs": [g["logGroupName"] for g in client("logs").describe_log_groups()["logGroups"]],
        "buckets": [b["Name"] for b in client("s3").list_buckets()["Buckets"]],
        "trails": [t["Name"] for t in client("cloudtrail").describe_trails()["trailList"]],
        "secrets": [s["Name"] for s in client("secretsmanager").list_secrets()["SecretList"]],
        "aliases": [a["AliasName"] for a in client("kms").list_aliases()["Aliases"]],
    }
    ours = {kind: [name for name in names if PREFIX in name] for kind, names in found.items()}
    return {kind: names for kind, names in ours.items() if names}
