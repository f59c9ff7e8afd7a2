output "stack_sets" {
  description = "Names of the two StackSets: of the roles, once per account, and of the rules, once per region."
  value = {
    roles = aws_cloudformation_stack_set.roles.name
    rules = aws_cloudformation_stack_set.rules.name
  }
}

output "stack_instances" {
  description = "By organizational unit, the stacks that were made: account, region and state of each."
  value = {
    for unit in var.organizational_unit_ids : unit => concat(
      aws_cloudformation_stack_instances.roles[unit].stack_instance_summaries,
      aws_cloudformation_stack_instances.rules[unit].stack_instance_summaries,
    )
  }
}
