locals {
  # The platforms of Qualys (PODs): the API gateway of each, and where people sign in
  # (https://www.qualys.com/platform-identification/).
  qualys_platforms = jsondecode(file("${path.module}/qualys_platforms.json"))

  # The reconciliation sends the digest. Without one, what cannot be scanned is notified at once.
  notification_policy = merge(var.notify, {
    notify_on   = coalesce(lookup(var.notify, "on", null), "new")
    unscannable = coalesce(lookup(var.notify, "unscannable", null), var.reconcile_schedule == null ? "each" : "daily")
  })
  has_spokes = anytrue([try(tobool(var.spokes.regional), false) == true, lookup(var.spokes, "organization", null) != null, lookup(var.spokes, "accounts", null) != null])
  # Each handler is the function of a step. Two are optional.
  without = concat(var.security_hub ? [] : ["import_findings"], var.deployment_gate == null ? ["deployment_gate"] : [])
  steps = setsubtract(
    [for file in fileset("${path.module}/functions/image_scan/handlers", "[a-z]*.py") : trimsuffix(file, ".py")], local.without
  )
  function_names = merge(module.workflow.function_names, { for gate in module.deployment_gate : "deployment_gate" => gate.function_name })
  members = merge(module.workflow.members, {
    describe_principal_arns = concat(module.workflow.members.describe_principal_arns, module.deployment_gate[*].function_role_arn)
    deployment_gate         = one(module.deployment_gate[*].lifecycle_hook)
  })
}
