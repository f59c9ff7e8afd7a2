locals {
  # The platforms of Qualys (PODs): the API gateway of each, and where people sign in
  # (https://www.qualys.com/platform-identification/).
  qualys_platforms = jsondecode(file("${path.module}/qualys_platforms.json"))

  # The reconciliation sends the digest. Without one, what cannot be scanned is notified at once.
  unscannable    = coalesce(var.notify.unscannable, var.reconcile_schedule == null ? "each" : "daily")
  function_names = merge(module.workflow.function_names, { for gate in module.deployment_gate : "deployment_gate" => gate.function_name })
  members = merge(module.workflow.members, {
    describe_principal_arns = concat(module.workflow.members.describe_principal_arns, module.deployment_gate[*].function_role_arn)
    deployment_gate         = one(module.deployment_gate[*].lifecycle_hook)
  })
}
