"""The registry: every change of ministack is a row here, and nothing else changes it.

Rows apply in this order. Where two have the same target, the later one wraps the earlier one.
`python -m sandbox.emulator.patches` lists the rows, as JSON lines; $SANDBOX_WITHOUT takes their
names, separated by commas, and the emulator starts without those.
"""

import json
import os

from sandbox.emulator import (
    ecs_tasks,
    entered_states,
    event_buses,
    event_targets,
    execution_metrics,
    executions,
    express,
    faults,
    foreign_registries,
    gateway,
    jsonata,
    key_use,
    kills,
    lambda_actions,
    lambda_code,
    lambda_roles,
    lambda_workers,
    leading_keys,
    mail,
    managed_policies,
    message_structure,
    narrow_queries,
    organization,
    patching,
    permissions_used,
    provider_answers,
    pull_times,
    quotas,
    read_once,
    registry,
    resource_tags,
    role_ids,
    secret_versions,
    service_deployments,
    sessions,
    stack_sets,
    status_events,
    task_definitions,
    task_errors,
    task_permissions,
)
from sandbox.emulator.patching import Patch, around, replaced

_DEAD_LETTERS = "https://github.com/ministackorg/ministack/pull/1313"

PATCHES: tuple[Patch, ...] = (
    # Requests and their permission
    around("ministack.app:pin_request_origin", gateway.as_if_tls),
    around("ministack.core.iam_actions:_lambda_action", lambda_actions.action),
    around("ministack.core.iam_actions:extract_resource_arn", event_buses.resource_arn),
    around("ministack.core.iam_actions:extract_resource_arn", ecs_tasks.resource_arn),
    around("ministack.core.iam_actions:extract_resource_arn", service_deployments.resource_arn),
    around("ministack.core.iam_actions:extract_resource_arn", foreign_registries.resource_arn),
    around("ministack.core.iam_actions:extract_resource_arn", resource_tags.resource_arn),
    around("ministack.core.iam_evaluator:enforce", event_buses.enforce),
    around("ministack.core.iam_evaluator:enforce", ecs_tasks.enforce),
    around("ministack.core.iam_actions:dynamodb_service_context", leading_keys.service_context),
    around("ministack.core.iam_evaluator:enforce", leading_keys.enforce),
    around("ministack.core.iam_evaluator:evaluate", permissions_used.evaluate),
    around("ministack.core.iam_evaluator:_principal_org_id", organization.organization_of),
    around("ministack.core.iam_evaluator:_resolve_condition_key", organization.value_of),
    around("ministack.core.iam_evaluator:_resolve_condition_key", role_ids.value_of),
    replaced("ministack.services.iam:_aws_managed_policies", managed_policies.with_registry_reader),
    around("ministack.services.iam:_IAM_HANDLERS.CreateRole", role_ids.save_trust),
    around("ministack.services.iam:_IAM_HANDLERS.UpdateAssumeRolePolicy", role_ids.save_trust),
    around("ministack.services.iam:_role_xml", role_ids.role_xml),
    around("ministack.core.iam_evaluator:evaluate_trust_policy", role_ids.evaluate_trust),
    around("ministack.services.sts:_evict_expired_sessions", sessions.evict),
    # Step Functions
    around("ministack.services.stepfunctions:_start_execution", express.start),
    around("ministack.services.stepfunctions:_start_execution", executions.start),
    around("ministack.services.stepfunctions:_run_execution", executions.run),
    around("ministack.services.stepfunctions:_run_execution", execution_metrics.run),
    around("ministack.services.stepfunctions:_scaled_sleep", executions.wait),
    around("ministack.services.stepfunctions:_fail_execution", executions.fail),
    around("ministack.services.stepfunctions:_stop_execution", executions.stop),
    around("ministack.services.stepfunctions:_stop_execution", express.refuse_express),
    around("ministack.services.stepfunctions:_describe_execution", express.refuse_express),
    around("ministack.services.stepfunctions:_get_execution_history", express.refuse_express),
    around(
        "ministack.services.stepfunctions:_describe_state_machine_for_execution",
        express.refuse_express,
    ),
    around("ministack.services.stepfunctions:_list_executions", express.list_executions),
    around("ministack.services.stepfunctions:_emit_execution_status_event", status_events.emit),
    around("ministack.services.stepfunctions:_execute_pass", entered_states.execute),
    around("ministack.services.stepfunctions:_execute_task", entered_states.execute),
    around("ministack.services.stepfunctions:_execute_choice", entered_states.execute),
    around("ministack.services.stepfunctions:_execute_wait", entered_states.execute),
    around("ministack.services.stepfunctions:_execute_parallel", entered_states.execute),
    around("ministack.services.stepfunctions:_execute_map", entered_states.execute),
    around("ministack.services.stepfunctions:_apply_state_assign", jsonata.assign),
    replaced("jsonata.timebox:Timebox", jsonata.limit_of_own_time),
    around("ministack.services.stepfunctions:_invoke_resource", task_permissions.invoke),
    around("ministack.services.stepfunctions:_invoke_resource", faults.task),
    around(
        "ministack.services.stepfunctions:_invoke_nested_start_execution", task_errors.start_nested
    ),
    around("ministack.services.stepfunctions:_call_lambda", task_errors.call_lambda),
    around("ministack.services.stepfunctions:_error_matches", task_errors.matches),
    around("ministack.services.stepfunctions:_find_matching_retrier", task_errors.find_retrier),
    around("ministack.services.stepfunctions:_create_state_machine", provider_answers.keep_tracing),
    around("ministack.services.stepfunctions:_update_state_machine", provider_answers.keep_tracing),
    # Lambda
    around("ministack.services.lambda_svc:function_policy_for_arn", lambda_roles.policy_of),
    around("ministack.services.lambda_svc:_execute_function_dispatch", lambda_roles.execute),
    around("ministack.services.lambda_svc:_emit_lambda_logs", lambda_roles.write_logs),
    around("ministack.services.lambda_svc:_route_async_failure", lambda_roles.keep_failure),
    around("ministack.services.lambda_svc:_durable_env_overlay", kills.point_for_worker),
    around("ministack.services.lambda_svc:_get_account_settings", quotas.account_settings),
    around("ministack.services.lambda_svc:_execute_function_warm", faults.invoke),
    around("ministack.services.lambda_svc:_execute_function_warm", kills.invoke),
    around("ministack.services.lambda_svc:_execute_function_warm", lambda_workers.run),
    around("ministack.core.lambda_runtime:_worker_class_for", lambda_workers.worker_class),
    replaced("ministack.core.lambda_runtime:subprocess", lambda_workers.isolated_processes),
    replaced("ministack.core.lambda_runtime:_PYTHON_WORKER_SCRIPT", lambda_workers.worker_script),
    replaced("ministack.core.lambda_runtime:zipfile", lambda_code.shared_code),
    # EventBridge
    around(
        "ministack.services.eventbridge:_invoke_target", event_targets.invoke_target, _DEAD_LETTERS
    ),
    around("ministack.services.eventbridge:_invoke_target", faults.deliver),
    around("ministack.services.eventbridge:_dispatch_to_event_bus", event_buses.deliver),
    around("ministack.services.eventbridge:_dispatch_to_event_bus", event_targets.deliver_to_bus),
    around("ministack.services.eventbridge:_dispatch_to_lambda", event_targets.dispatch_to_lambda),
    around("ministack.services.eventbridge:_put_permission", event_buses.put_permission),
    # ECS and ECR
    around("ministack.services.ecs:_ACTION_MAP.RunTask", ecs_tasks.run_task),
    around("ministack.services.ecs:_ACTION_MAP.DescribeTasks", ecs_tasks.describe_tasks),
    around("ministack.services.ecs:_ACTION_MAP.DeleteTaskDefinitions", task_definitions.delete),
    around("ministack.services.ecs:_ACTION_MAP.CreateService", service_deployments.create),
    around("ministack.services.ecs:_ACTION_MAP.UpdateService", service_deployments.update),
    around("ministack.services.ecs:_ACTION_MAP.DeleteService", service_deployments.delete),
    around(
        "ministack.services.ecs:_ACTION_MAP.DescribeServiceDeployments",
        service_deployments.describe_deployments,
    ),
    around(
        "ministack.services.ecs:_ACTION_MAP.ListServiceDeployments",
        service_deployments.list_deployments,
    ),
    around(
        "ministack.services.ecs:_ACTION_MAP.DescribeServiceRevisions",
        service_deployments.describe_revisions,
    ),
    around("ministack.services.ecr:handle_request", pull_times.handle_request),
    around("ministack.services.ecr:_put_image", registry.put_image),
    around("ministack.services.ecr:_batch_delete_image", registry.batch_delete_image),
    around("ministack.services.ecr:_batch_get_image", registry.batch_get_image),
    around("ministack.services.ecr:_batch_get_image", foreign_registries.anywhere("BatchGetImage")),
    around("ministack.services.ecr:_describe_images", registry.describe_images),
    around(
        "ministack.services.ecr:_describe_images", foreign_registries.anywhere("DescribeImages")
    ),
    around("ministack.services.ecr:_list_images", registry.list_images),
    around("ministack.services.ecr:_list_images", foreign_registries.anywhere("ListImages")),
    around(
        "ministack.services.ecr:_get_download_url_for_layer",
        foreign_registries.anywhere("GetDownloadUrlForLayer"),
    ),
    around("ministack.services.ecr:repository_policy_for_arn", foreign_registries.policy_of),
    # Keys
    around("ministack.services.sqs:_HANDLERS.SendMessage", key_use.send_message),
    around("ministack.services.sqs:_HANDLERS.ReceiveMessage", key_use.receive_message),
    around("ministack.services.sqs:_act_send_message", key_use.send_message),
    around("ministack.services.sns:_publish", key_use.publish),
    around("ministack.services.sns:_deliver_to_sqs", key_use.deliver_to_queue),
    around("ministack.services.secretsmanager:_get_secret_value", key_use.get_secret_value),
    around("ministack.services.dynamodb:_get_item", key_use.use_table),
    around("ministack.services.dynamodb:_put_item", key_use.use_table),
    around("ministack.services.dynamodb:_update_item", key_use.use_table),
    around("ministack.services.dynamodb:_delete_item", key_use.use_table),
    around("ministack.services.cloudwatch_logs:_create_log_group", key_use.create_log_group),
    around("ministack.services.cloudtrail:_DISPATCH.CreateTrail", key_use.create_trail),
    # Others
    around("ministack.services.cloudtrail:_DISPATCH.CreateTrail", provider_answers.create_trail),
    around("ministack.services.cloudwatch:_describe_alarms", provider_answers.describe_alarms),
    around("ministack.services.cloudwatch:_evaluate_alarm", execution_metrics.evaluate_alarm),
    replaced("ministack.services.organizations:_DISPATCH", provider_answers.with_service_access),
    replaced(
        "ministack.services.cloudformation:_ACTION_HANDLERS", stack_sets.with_organizations_access
    ),
    around("ministack.services.secretsmanager:_put_secret_value", secret_versions.put_secret_value),
    around("ministack.services.sns:_fanout", message_structure.fan_out),
    around("ministack.services.sns:_matches_filter_policy", mail.matches),
    around("ministack.services.sns:_subscribe", mail.subscribe),
    around("ministack.services.sns:_list_subscriptions", mail.listed),
    around("ministack.services.sns:_list_subscriptions_by_topic", mail.listed),
    # Speed alone: no answer changes
    around("ministack.services.dynamodb:_query", narrow_queries.query),
    around("ministack.services.dynamodb:_index_members", narrow_queries.index_members),
    replaced("ministack.services.dynamodb:_condition_syntax_error", read_once.remembered),
    replaced("ministack.core.iam_evaluator:is_root_access_key", read_once.remembered),
    around("ministack.core.iam_evaluator:parse_policy_document", read_once.parse_policy_document),
    around("jsonata.jsonata:Jsonata.get_parser", read_once.parser),
)


def apply() -> None:
    """Applies the rows in their order, without those that $SANDBOX_WITHOUT names."""
    without = os.environ.get("SANDBOX_WITHOUT")
    patching.apply(PATCHES, without.split(",") if without else ())


if __name__ == "__main__":
    for patch in PATCHES:
        what = (patch.function.__doc__ or "").partition("\n")[0]
        print(json.dumps({"name": patch.name, "target": patch.target, "what": what}))
