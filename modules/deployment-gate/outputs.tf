locals {
  stages = ["PRE_SCALE_UP", "POST_SCALE_UP"]
  # If ECS gets no answer that ends the stage, it acts by this itself. The gate's own deadline is earlier.
  timeout_minutes = min(var.deadline_minutes + 10, 1440)
  timeout_action  = var.mode == "audit" || var.on_undecided == "allow" ? "CONTINUE" : "ROLLBACK"
}

output "function_name" {
  description = "Name of the gate's function."
  value       = aws_lambda_function.this.function_name
}

output "function_role_arn" {
  description = "ARN of the role of the gate's function."
  value       = aws_iam_role.function.arn
}

output "hook_target_arn" {
  description = "ARN of the function that ECS calls."
  value       = aws_lambda_function.this.arn
  # ECS may call the function only when it has all permissions.
  depends_on = [aws_iam_role_policy.function, aws_iam_role_policy.hook]
}

output "hook_role_arn" {
  description = "ARN of the role with which ECS calls the function. Whoever gives a service the hook needs iam:PassRole for it."
  value       = aws_iam_role.hook.arn
}

output "lifecycle_hook" {
  description = "The arguments of `lifecycle_hook` in `deployment_configuration` of an `aws_ecs_service`, for provider 6.4 and newer. `timeout_configuration` needs 6.66."
  value = {
    hook_target_arn       = aws_lambda_function.this.arn
    role_arn              = aws_iam_role.hook.arn
    lifecycle_stages      = local.stages
    timeout_configuration = { timeout_in_minutes = local.timeout_minutes, action = local.timeout_action }
  }
  depends_on = [aws_iam_role_policy.function, aws_iam_role_policy.hook]
}

output "aws_cli" {
  description = "The hook as JSON, for `--deployment-configuration` of `aws ecs create-service` and `update-service`."
  value = jsonencode({
    lifecycleHooks = [{
      targetType           = "AWS_LAMBDA"
      hookTargetArn        = aws_lambda_function.this.arn
      roleArn              = aws_iam_role.hook.arn
      lifecycleStages      = local.stages
      timeoutConfiguration = { timeoutInMinutes = local.timeout_minutes, action = local.timeout_action }
    }]
  })
  depends_on = [aws_iam_role_policy.function, aws_iam_role_policy.hook]
}

output "cloudformation" {
  description = "The hook as YAML, for `DeploymentConfiguration` of an `AWS::ECS::Service`."
  value = yamlencode({
    LifecycleHooks = [{
      TargetType           = "AWS_LAMBDA"
      HookTargetArn        = aws_lambda_function.this.arn
      RoleArn              = aws_iam_role.hook.arn
      LifecycleStages      = local.stages
      TimeoutConfiguration = { TimeoutInMinutes = local.timeout_minutes, Action = local.timeout_action }
    }]
  })
  depends_on = [aws_iam_role_policy.function, aws_iam_role_policy.hook]
}
