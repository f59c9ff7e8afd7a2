# If one unit lies in another, both units have an instance of each stack in the inner unit's accounts.
# When one of the two units is removed later, its instances go, although the other still needs them.
data "aws_organizations_organizational_unit_descendant_organizational_units" "inner" {
  for_each = length(var.organizational_unit_ids) > 1 ? var.organizational_unit_ids : []

  parent_id = each.value

  lifecycle {
    postcondition {
      condition     = length(setintersection(self.children[*].id, var.organizational_unit_ids)) == 0
      error_message = "${join(", ", setintersection(self.children[*].id, var.organizational_unit_ids))} of organizational_unit_ids lies in ${each.value}, which includes it. Give only the outer unit, or give units that do not overlap."
    }
  }
}

# Compares the accounts that have stacks with those that `accounts` asks for. The filter of an
# instance has an effect only when the instance is created.
locals {
  instances = concat(
    [values(aws_cloudformation_stack_set_instance.roles)],
    [for region in var.regions : [for target, instance in aws_cloudformation_stack_set_instance.rules : instance if local.rule_targets[target].region == region]],
  )
  accounts_with_stacks = [
    for instances in local.instances :
    toset(flatten([for instance in instances : instance.stack_instance_summaries[*].account_id]))
  ]
  accounts_anywhere  = setunion(local.accounts_with_stacks...)
  accounts_to_add    = setsubtract(local.accounts.include, setintersection(local.accounts_with_stacks...))
  accounts_to_remove = local.included == null ? setintersection(local.accounts_anywhere, local.accounts.exclude) : setsubtract(local.accounts_anywhere, local.accounts.include)

  # The commands that add or remove the stacks of these accounts only. StackSets run them one after the other.
  stack_sets = {
    roles = [aws_cloudformation_stack_set.roles, [local.roles_region]]
    rules = [aws_cloudformation_stack_set.rules, sort(var.regions)]
  }
  commands = {
    for verb, accounts in { create = local.accounts_to_add, delete = local.accounts_to_remove } : verb => {
      for name, set in local.stack_sets : name => join(" ", compact([
        "aws cloudformation ${verb}-stack-instances",
        "--region ${split(":", set[0].arn)[3]} --stack-set-name ${set[0].name}",
        var.call_as == "SELF" ? "" : "--call-as ${var.call_as}",
        "--regions ${join(" ", set[1])}",
        "--deployment-targets OrganizationalUnitIds=${join(",", var.organizational_unit_ids)},Accounts=${join(",", accounts)},AccountFilterType=INTERSECTION",
        verb == "delete" ? "--no-retain-stacks" : "",
      ]))
    }
  }
}
