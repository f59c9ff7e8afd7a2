# Terraform drops an attribute that a type does not have, without a word. So inputs that are objects take any
# attribute, and refuse those that are not listed here. The modules that get them convert them to their types.
# References (`hub`, `qualys_secret`, `kms_key`, `spokes.organization`) may be whole resources: their other
# attributes are ignored.
#
# Any value reaches a condition. If it cannot be evaluated, it is false (`try`), so that the message of the input
# is what is printed. What is no object at all is refused by one condition, and passed by the others (`can(keys())`).
locals {
  attributes = {
    qualys_credentials            = ["token", "username", "password", "client_id", "client_secret", "proxy_user", "proxy_password"]
    registry_role                 = ["existing_arn", "qualys_account_id", "external_id"]
    scan_polling                  = ["interval_seconds", "max_polls"]
    "topic_access.*"              = ["subscriber_account_ids", "publishers"]
    "topic_access.*.publishers.*" = ["service", "source_arns"]
    spokes                        = ["organization", "accounts", "regional", "registry_role_name"]
    "spokes.accounts"             = ["ids"]
    notify                        = ["min_severity", "on", "potential", "only_fixable", "timeout", "error", "unscannable"]
    owners                        = ["tag", "topics"]
    "owners.topics.*"             = ["people", "phones", "chat", "machines"]
    "exceptions.*"                = ["qid", "cve", "account_id", "repository", "until", "reason", "owner"]
    deployment_gate               = ["mode", "policy", "deadline_minutes", "on_undecided", "rollback_days"]
    "deployment_gate.policy"      = ["min_severity", "only_fixable", "only_exploited"]
    lambda_package                = ["path", "s3"]
    "lambda_package.s3"           = ["bucket", "key", "version"]
    network                       = ["vpc", "https_proxy", "no_proxy", "ca_bundle"]
    "network.vpc"                 = ["subnet_ids", "security_group_ids"]
    "network.ca_bundle"           = ["pem"]
    log                           = ["level", "retention_days", "trail_retention_days"]
    scope                         = ["include", "exclude"]
    "scope.include.*"             = ["name", "accounts", "clusters", "services", "repositories", "tags"]
    "scope.exclude.*"             = ["name", "accounts", "clusters", "services", "repositories", "tags", "allow_at_gate"]
  }
}
