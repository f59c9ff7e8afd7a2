locals {
  team_topic_arns = compact(flatten([
    for topics in values(var.owners.topics) : [topics.people, topics.phones, topics.chat, topics.machines]
  ]))

  # The policy of each function. iam.tf adds the statements that all functions share.
  function_policies = {
    parse_event       = data.aws_iam_policy_document.parse_event.json
    check_cache       = data.aws_iam_policy_document.check_cache.json
    get_registry      = data.aws_iam_policy_document.get_registry.json
    submit_scan       = data.aws_iam_policy_document.submit_scan.json
    check_status      = data.aws_iam_policy_document.check_status.json
    get_results       = data.aws_iam_policy_document.get_results.json
    send_notification = data.aws_iam_policy_document.send_notification.json
    reconcile         = data.aws_iam_policy_document.reconcile.json
    reassess          = data.aws_iam_policy_document.reassess.json
    import_findings   = data.aws_iam_policy_document.import_findings.json
  }
}

data "aws_iam_policy_document" "parse_event" {
  source_policy_documents = [
    data.aws_iam_policy_document.read_members.json,
    data.aws_iam_policy_document.read_workload_tags.json,
  ]

  statement {
    sid     = "DescribeTaskDefinitions"
    actions = ["ecs:DescribeTaskDefinition"]
    # ECS has no resource-level permission for this action.
    resources = ["*"]
  }

  # Any region and account, because a task may run an image of another registry. That repository's policy must allow it.
  statement {
    sid       = "ResolveImages"
    actions   = ["ecr:BatchGetImage", "ecr:DescribeImages"]
    resources = ["arn:${local.partition}:ecr:*:*:repository/*"]
  }
}

data "aws_iam_policy_document" "check_cache" {
  source_policy_documents = [
    data.aws_iam_policy_document.use_key["check_cache"].json,
    data.aws_iam_policy_document.use_tables["check_cache"].json,
  ]
}

data "aws_iam_policy_document" "get_registry" {
  source_policy_documents = [
    data.aws_iam_policy_document.read_credential.json,
    data.aws_iam_policy_document.use_key["get_registry"].json,
    data.aws_iam_policy_document.use_tables["get_registry"].json,
  ]
}

data "aws_iam_policy_document" "submit_scan" {
  source_policy_documents = [
    data.aws_iam_policy_document.read_credential.json,
    data.aws_iam_policy_document.use_key["submit_scan"].json,
    data.aws_iam_policy_document.use_tables["submit_scan"].json,
  ]
}

data "aws_iam_policy_document" "check_status" {
  source_policy_documents = [data.aws_iam_policy_document.read_credential.json]
}

data "aws_iam_policy_document" "get_results" {
  source_policy_documents = [data.aws_iam_policy_document.read_credential.json]
}

data "aws_iam_policy_document" "reassess" {
  source_policy_documents = [
    data.aws_iam_policy_document.read_credential.json,
    data.aws_iam_policy_document.use_key["reassess"].json,
    data.aws_iam_policy_document.use_tables["reassess"].json,
  ]

  statement {
    sid       = "CompleteVerdicts"
    actions   = ["lambda:InvokeFunction"]
    resources = [aws_lambda_function.this["send_notification"].arn]
  }
}

data "aws_iam_policy_document" "send_notification" {
  source_policy_documents = [
    data.aws_iam_policy_document.read_members.json,
    data.aws_iam_policy_document.use_key["send_notification"].json,
    data.aws_iam_policy_document.use_tables["send_notification"].json,
  ]

  statement {
    sid       = "PublishNotifications"
    actions   = ["sns:Publish"]
    resources = concat(values(var.topic_arns), local.team_topic_arns)
  }

  statement {
    sid     = "ReadOwners"
    actions = ["ecr:ListTagsForResource", "ecs:ListTagsForResource"]
    resources = [
      "arn:${local.partition}:ecr:*:${local.account}:repository/*",
      "arn:${local.partition}:ecs:*:${local.account}:service/*",
      "arn:${local.partition}:ecs:*:${local.account}:task-definition/*",
    ]
  }

  # Whether the account that deploys an image may read it: only then its team's topic gets the findings.
  dynamic "statement" {
    for_each = length(var.owners.topics) > 0 ? ["*"] : []

    content {
      sid       = "CheckReaders"
      actions   = ["ecr:BatchGetImage"]
      resources = ["arn:${local.partition}:ecr:*:${statement.value}:repository/*"]
    }
  }

  statement {
    sid       = "PutResults"
    actions   = ["events:PutEvents"]
    resources = [local.result_bus_arn]
    condition {
      # events:source has several values, because one PutEvents call may contain several events.
      test     = "ForAllValues:StringEquals"
      variable = "events:source"
      values   = ["image-scan"]
    }
  }

  # Lambda uses the function's role to queue an event that the function could not process.
  statement {
    sid       = "KeepFailedEvents"
    actions   = ["sqs:SendMessage"]
    resources = [module.failed_events.queue.arn]
  }
}
