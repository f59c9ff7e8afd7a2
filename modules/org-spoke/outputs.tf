output "stack_sets" {
  description = "Names of the two StackSets: of the roles, once per account, and of the rules, once per region."
  value = {
    roles = aws_cloudformation_stack_set.roles.name
    rules = aws_cloudformation_stack_set.rules.name
  }
}

output "stack_instances" {
  description = "By organizational unit, the stacks that were made: account, organizational unit and id of each."
  value = {
    for unit in var.organizational_unit_ids : unit => concat(
      aws_cloudformation_stack_set_instance.roles[unit].stack_instance_summaries,
      flatten([for region in var.regions : aws_cloudformation_stack_set_instance.rules["${unit}/${region}"].stack_instance_summaries]),
    )
  }

  precondition {
    condition     = length(local.accounts_to_remove) == 0
    error_message = "The stacks of ${join(", ", local.accounts_to_remove)} are not taken away by `accounts`: the provider would take away those of all accounts. Take away these alone, and plan again:\n  ${local.commands.delete.rules}\n  ${local.commands.delete.roles}"
  }
  precondition {
    condition     = length(local.accounts_to_add) == 0
    error_message = "${join(", ", local.accounts_to_add)} of accounts.include has not all stacks, and `accounts` cannot add them later without taking those of all accounts away. Where it is in one of the units, add it alone, and plan again:\n  ${local.commands.create.roles}\n  ${local.commands.create.rules}"
  }
}
