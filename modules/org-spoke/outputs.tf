output "stack_sets" {
  description = "Names of the two StackSets: roles (one stack per account) and rules (one stack per account and region)."
  value = {
    roles = aws_cloudformation_stack_set.roles.name
    rules = aws_cloudformation_stack_set.rules.name
  }
}

output "stack_instances" {
  description = "The created stacks, by organizational unit: account, organizational unit and id of each."
  value = {
    for unit in var.organizational_unit_ids : unit => concat(
      aws_cloudformation_stack_set_instance.roles[unit].stack_instance_summaries,
      flatten([for region in var.regions : aws_cloudformation_stack_set_instance.rules["${unit}/${region}"].stack_instance_summaries]),
    )
  }

  precondition {
    condition     = length(local.accounts_to_remove) == 0
    error_message = "Changing `accounts` cannot remove the stacks of ${join(", ", local.accounts_to_remove)}: the provider would remove the stacks of all accounts. Remove only these stacks with the commands below, and plan again:\n  ${local.commands.delete.rules}\n  ${local.commands.delete.roles}"
  }
  precondition {
    condition     = length(local.accounts_to_add) == 0
    error_message = "Some stacks are missing in ${join(", ", local.accounts_to_add)} of accounts.include. Changing `accounts` cannot add them: the provider would remove the stacks of all accounts. Check that the account is in one of the units, add only its stacks with the commands below, and plan again:\n  ${local.commands.create.roles}\n  ${local.commands.create.rules}"
  }
}

output "lifecycle_hook" {
  description = "The arguments of `lifecycle_hook` in `deployment_configuration` of an `aws_ecs_service` of a member, in the hub's region. `{account}` in `role_arn` stands for the member's account. Null without `create_gate_role`."
  value = var.create_gate_role ? merge(var.hub.deployment_gate, {
    role_arn = "arn:${data.aws_partition.current.partition}:iam::{account}:role${var.hub.iam_path}${local.gate_role_name}"
  }) : null
  # A service may have the hook when the role exists.
  depends_on = [aws_cloudformation_stack_set_instance.roles]
}
