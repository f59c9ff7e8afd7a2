# Functions decide by these rules which images are scanned. They are small enough for an environment.
locals {
  scope_rules       = flatten(values(var.scope))
  scope_environment = length(local.scope_rules) == 0 ? {} : { SCOPE = jsonencode(var.scope) }
  scope_reads_tags  = anytrue([for rule in local.scope_rules : length(rule.tags) > 0])

  # Without members, this account is the only one that deploys.
  is_all_excluded = anytrue([
    for rule in var.scope.exclude : contains(rule.accounts, local.account) && length(concat(rule.clusters, rule.services, rule.repositories, keys(rule.tags))) == 0
  ])
  is_included = length(var.scope.include) == 0 || anytrue([
    for rule in var.scope.include : length(rule.accounts) == 0 || contains(rule.accounts, local.account)
  ])
  leaves_something = local.has_members || (local.is_included && !local.is_all_excluded)
}

data "aws_iam_policy_document" "read_workload_tags" {
  dynamic "statement" {
    for_each = local.scope_reads_tags ? [1] : []

    content {
      sid     = "ReadWorkloadTags"
      actions = ["ecs:ListTagsForResource"]
      resources = [
        "arn:${local.partition}:ecs:*:${local.account}:service/*",
        "arn:${local.partition}:ecs:*:${local.account}:task-definition/*",
      ]
    }
  }
}
