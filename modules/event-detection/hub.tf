# The bus that spokes forward to: other regions of this account, and other accounts.
locals {
  hub_bus = var.spokes.regional || var.spokes.organization != null || var.spokes.accounts != null

  # The statement for an organization includes the hub's own account.
  hub_accounts = setunion(
    var.spokes.accounts == null ? [] : var.spokes.accounts.ids,
    var.spokes.regional && var.spokes.organization == null ? [local.account] : [],
  )

  # The values that a spoke needs. Policies, roles and templates of members use them.
  hub = local.hub_bus ? merge(var.members, {
    account_id      = local.account
    region          = local.region
    event_bus_arn   = aws_cloudwatch_event_bus.hub[0].arn
    event_pattern   = local.event_pattern
    organization_id = try(var.spokes.organization.id, null)
  }) : null
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

resource "aws_cloudwatch_event_bus" "hub" {
  count = local.hub_bus ? 1 : 0

  name        = "${var.name_prefix}-hub"
  description = "ECS calls that spokes forward"
  tags        = var.tags
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

  # A spoke that has read the parameter must be able to forward at once.
  depends_on = [aws_cloudwatch_event_bus_policy.hub]
}

resource "aws_cloudwatch_event_bus_policy" "hub" {
  count = local.hub_bus ? 1 : 0

  event_bus_name = aws_cloudwatch_event_bus.hub[0].name
  policy         = data.aws_iam_policy_document.hub[0].json
}

data "aws_iam_policy_document" "hub" {
  count = local.hub_bus ? 1 : 0

  dynamic "statement" {
    for_each = var.spokes.organization == null ? [] : [var.spokes.organization.id]

    content {
      sid       = "ForwardFromOrganization"
      actions   = ["events:PutEvents"]
      resources = [aws_cloudwatch_event_bus.hub[0].arn]

      principals {
        type        = "AWS"
        identifiers = ["*"]
      }
      condition {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [statement.value]
      }
      # One PutEvents call may contain events of several sources.
      condition {
        test     = "ForAllValues:StringEquals"
        variable = "events:source"
        values   = local.event_sources
      }
    }
  }

  dynamic "statement" {
    for_each = length(local.hub_accounts) > 0 ? [local.hub_accounts] : []

    content {
      sid       = "ForwardFromAccounts"
      actions   = ["events:PutEvents"]
      resources = [aws_cloudwatch_event_bus.hub[0].arn]

      principals {
        type        = "AWS"
        identifiers = [for account in statement.value : "arn:${local.partition}:iam::${account}:root"]
      }
      condition {
        test     = "ForAllValues:StringEquals"
        variable = "events:source"
        values   = local.event_sources
      }
    }
  }
}

resource "aws_cloudwatch_event_rule" "forwarded" {
  count = local.hub_bus ? 1 : 0

  name           = "${var.name_prefix}-forwarded-deployments"
  description    = "ECS calls elsewhere that may deploy an image"
  event_bus_name = aws_cloudwatch_event_bus.hub[0].name
  event_pattern  = local.hub_event_pattern
  tags           = var.tags
}

resource "aws_cloudwatch_event_target" "forwarded" {
  count = local.hub_bus ? 1 : 0

  rule           = aws_cloudwatch_event_rule.forwarded[0].name
  event_bus_name = aws_cloudwatch_event_bus.hub[0].name
  arn            = var.intake_state_machine_arn
  role_arn       = aws_iam_role.start_intake.arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }

  depends_on = [aws_iam_role_policy.start_intake]
}
