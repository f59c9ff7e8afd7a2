# Resources that have another address since 0.1.0: Terraform keeps them.

moved {
  from = module.cache.aws_dynamodb_table.inventory
  to   = module.inventory.aws_dynamodb_table.this
}

moved {
  from = module.event_detection.aws_cloudtrail.this[0]
  to   = module.trail[0].aws_cloudtrail.this
}

moved {
  from = module.event_detection.aws_s3_bucket.trail[0]
  to   = module.trail[0].aws_s3_bucket.this
}

moved {
  from = module.event_detection.aws_s3_bucket_lifecycle_configuration.trail[0]
  to   = module.trail[0].aws_s3_bucket_lifecycle_configuration.this
}

moved {
  from = module.event_detection.aws_s3_bucket_policy.trail[0]
  to   = module.trail[0].aws_s3_bucket_policy.this
}

moved {
  from = module.event_detection.aws_s3_bucket_public_access_block.trail[0]
  to   = module.trail[0].aws_s3_bucket_public_access_block.this
}

moved {
  from = module.event_detection.aws_s3_bucket_server_side_encryption_configuration.trail[0]
  to   = module.trail[0].aws_s3_bucket_server_side_encryption_configuration.this
}

moved {
  from = module.event_detection.aws_s3_bucket_versioning.trail[0]
  to   = module.trail[0].aws_s3_bucket_versioning.this
}

moved {
  from = module.event_detection.aws_cloudwatch_event_bus.hub[0]
  to   = module.hub_bus[0].aws_cloudwatch_event_bus.this
}

moved {
  from = module.event_detection.aws_cloudwatch_event_bus_policy.hub[0]
  to   = module.hub_bus[0].aws_cloudwatch_event_bus_policy.this
}

moved {
  from = module.workflow.aws_dynamodb_table.state
  to   = module.state.aws_dynamodb_table.this
}

moved {
  from = module.workflow.aws_dynamodb_table_item.exceptions
  to   = module.notifications.aws_dynamodb_table_item.exceptions
}

moved {
  from = module.workflow.aws_sns_topic.notifications
  to   = module.notifications.aws_sns_topic.this
}

moved {
  from = module.workflow.aws_sns_topic_policy.notifications
  to   = module.notifications.aws_sns_topic_policy.this
}

moved {
  from = module.workflow.aws_sns_topic_subscription.email
  to   = module.notifications.aws_sns_topic_subscription.email
}

moved {
  from = module.workflow.aws_cloudwatch_event_rule.import_findings[0]
  to   = module.security_hub[0].aws_cloudwatch_event_rule.this
}

moved {
  from = module.workflow.aws_cloudwatch_event_target.import_findings[0]
  to   = module.security_hub[0].aws_cloudwatch_event_target.this
}

moved {
  from = module.workflow.aws_lambda_function_event_invoke_config.import_findings[0]
  to   = module.security_hub[0].aws_lambda_function_event_invoke_config.this
}

moved {
  from = module.workflow.aws_lambda_permission.import_findings[0]
  to   = module.security_hub[0].aws_lambda_permission.this
}

moved {
  from = module.package.aws_ssm_parameter.deployed[0]
  to   = module.package_record[0].aws_ssm_parameter.this
}
