# Events that spokes forward: other regions of this account, and other accounts.
locals {
  # The values that a spoke needs. Policies, roles and templates of members use them.
  hub = var.hub_bus == null ? null : merge(var.members, {
    account_id      = local.account
    region          = local.region
    event_bus_arn   = var.hub_bus.arn
    event_pattern   = local.event_pattern
    organization_id = var.hub_bus.organization_id
  })
  described = jsonencode({ version = var.installation_version, hub = local.hub })

  # Events of this account and region arrive on the default bus. From the hub bus they would start the intake twice.
  hub_event_pattern = jsonencode({
    source = local.event_sources
    "$or" = flatten([
      for deployment in local.read : [
        merge(deployment, { account = [{ anything-but = local.account }] }),
        merge(deployment, { region = [{ anything-but = local.region }] }),
      ]
    ])
  })
}

# The installation describes itself. Operators who deploy spokes on another machine read the hub here. The path begins
# with /image-scan/, because SSM refuses names that begin with aws or ssm, and a name_prefix may begin so.
resource "aws_ssm_parameter" "installation" {
  # checkov:skip=CKV2_AWS_34: nothing in it is secret
  # checkov:skip=CKV_AWS_337: nothing in it is secret
  name           = "/image-scan/${var.name_prefix}/installation"
  description    = "Version of ${var.name_prefix}, and what spokes need to know of it"
  type           = "String"
  insecure_value = local.described
  tags           = var.tags

  lifecycle {
    precondition {
      condition     = length(local.described) <= 4096
      error_message = "The role names are too long for the parameter that spokes read, which holds 4,096 characters. Set a shorter iam_path."
    }
  }
}

resource "aws_cloudwatch_event_rule" "forwarded" {
  count = var.hub_bus == null ? 0 : 1

  name           = "${var.name_prefix}-forwarded-deployments"
  description    = "ECS calls elsewhere that may deploy an image"
  event_bus_name = var.hub_bus.name
  event_pattern  = local.hub_event_pattern
  tags           = var.tags
}

resource "aws_cloudwatch_event_target" "forwarded" {
  count = var.hub_bus == null ? 0 : 1

  rule           = aws_cloudwatch_event_rule.forwarded[0].name
  event_bus_name = var.hub_bus.name
  arn            = var.intake_state_machine_arn
  role_arn       = aws_iam_role.start_intake.arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = module.undelivered.queue.arn
  }

  depends_on = [aws_iam_role_policy.start_intake]
}
