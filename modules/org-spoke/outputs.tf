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
}
