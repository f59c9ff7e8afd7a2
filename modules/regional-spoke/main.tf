data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id
  region    = data.aws_region.current.id
}

resource "aws_cloudwatch_event_rule" "forward" {
  name          = "${var.name_prefix}-forward-deployments"
  description   = "ECS calls and tasks that may deploy an image, for the hub"
  event_pattern = var.hub.event_pattern
  tags          = var.tags

  lifecycle {
    precondition {
      condition     = local.account != var.hub.account_id || local.region != var.hub.region
      error_message = "This is the hub's own account and region, which the hub watches already. Deploy the spoke in another region or account."
    }
  }
}

resource "aws_cloudwatch_event_target" "hub" {
  rule     = aws_cloudwatch_event_rule.forward.name
  arn      = var.hub.event_bus_arn
  role_arn = aws_iam_role.forward.arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = module.unforwarded.queue.arn
  }

  # EventBridge does not retry when a permission is missing. Without this order, the first event would go to the queue.
  depends_on = [aws_iam_role_policy.forward]
}

resource "aws_iam_role" "forward" {
  # Role names are global in an account. The region in the name avoids a collision of two regions.
  name                 = "${var.name_prefix}-forward-${local.region}"
  path                 = var.iam_path
  description          = "Image scan: EventBridge forwards ECS events to the hub"
  assume_role_policy   = data.aws_iam_policy_document.trust_events.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "trust_events" {
  statement {
    sid     = "DeliverEvents"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.forward.arn]
    }
  }
}

resource "aws_iam_role_policy" "forward" {
  name   = "forward"
  role   = aws_iam_role.forward.name
  policy = data.aws_iam_policy_document.forward.json
}

data "aws_iam_policy_document" "forward" {
  statement {
    sid       = "ForwardToHub"
    actions   = ["events:PutEvents"]
    resources = [var.hub.event_bus_arn]
  }
}
