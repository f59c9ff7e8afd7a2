locals {
  # The hook without the function, in the words of Terraform. If ECS gets no answer that ends the stage, it acts by the
  # timeout; the gate's own deadline is earlier. In audit mode no answer leaves a stage open, but single services may
  # enforce then.
  hook = {
    role_arn         = aws_iam_role.hook.arn
    lifecycle_stages = ["PRE_SCALE_UP", "POST_SCALE_UP"]
    timeout_configuration = {
      timeout_in_minutes = min(var.deadline_minutes + 10, 1440)
      action             = var.on_undecided == "allow" ? "CONTINUE" : "ROLLBACK"
    }
  }
  # The same in the words of the API.
  api_hook = {
    targetType      = "AWS_LAMBDA"
    roleArn         = local.hook.role_arn
    lifecycleStages = local.hook.lifecycle_stages
    timeoutConfiguration = {
      timeoutInMinutes = local.hook.timeout_configuration.timeout_in_minutes
      action           = local.hook.timeout_configuration.action
    }
  }
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
  value       = merge(local.hook, { hook_target_arn = aws_lambda_function.this.arn })
  depends_on  = [aws_iam_role_policy.function, aws_iam_role_policy.hook]
}

output "aws_cli" {
  description = "The hook as JSON, for `--deployment-configuration` of `aws ecs create-service` and `update-service`."
  value       = jsonencode({ lifecycleHooks = [merge(local.api_hook, { hookTargetArn = aws_lambda_function.this.arn })] })
  depends_on  = [aws_iam_role_policy.function, aws_iam_role_policy.hook]
}

output "cloudformation" {
  description = "The hook as YAML, for `DeploymentConfiguration` of an `AWS::ECS::Service`."
  # CloudFormation has the words of the API with a capital letter.
  value = yamlencode({
    LifecycleHooks = [merge(
      { for name, value in local.api_hook : title(name) => value },
      {
        HookTargetArn        = aws_lambda_function.this.arn
        TimeoutConfiguration = { for name, value in local.api_hook.timeoutConfiguration : title(name) => value }
      },
    )]
  })
  depends_on = [aws_iam_role_policy.function, aws_iam_role_policy.hook]
}
