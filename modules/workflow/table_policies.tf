# What table_access.tf says, as a policy of each role.
data "aws_iam_policy_document" "use_tables" {
  for_each = local.table_access

  dynamic "statement" {
    for_each = each.value

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = [statement.value.table]

      dynamic "condition" {
        for_each = length(statement.value.keys) == 0 ? [] : [statement.value.keys]

        # A request names several keys if it is a batch. A request that names none, such as a Scan, would pass:
        # no statement with keys allows one.
        content {
          test     = "ForAllValues:StringLike"
          variable = "dynamodb:LeadingKeys"
          values   = condition.value
        }
      }
    }
  }
}
