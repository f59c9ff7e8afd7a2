"""Which test holds each patch of the embedded AWS: it fails where the patch is left out."""

# By file, without `.py`, and test: the names of the patches.
TESTS: dict[str, dict[str, tuple[str, ...]]] = {
    "test_ecs_tasks": {
        "test_a_task_has_the_architecture_of_its_definition": (
            "ecs_tasks._ACTION_MAP.DescribeTasks",
        ),
        "test_it_is_allowed_by_the_task": ("ecs_tasks.extract_resource_arn",),
        "test_listing_is_allowed_by_the_cluster": ("ecs_tasks.enforce",),
        "test_the_group_of_a_task_is_its_family": ("ecs_tasks._ACTION_MAP.RunTask",),
    },
    "test_event_buses": {
        "test_a_foreign_bus_takes_only_whom_it_lets_in": (
            "event_buses._put_permission",
            "event_targets._dispatch_to_event_bus",
        ),
        "test_events_cross_accounts_and_regions": ("event_buses._dispatch_to_event_bus",),
        "test_members_of_the_organization_are_let_in": ("organization._principal_org_id",),
        "test_what_may_be_put_can_depend_on_its_source": (
            "event_buses.extract_resource_arn",
            "event_buses.enforce",
        ),
    },
    "test_event_targets": {
        "test_a_missing_target_is_a_dead_letter": ("event_targets._invoke_target",),
    },
    "test_executions": {
        "test_a_machine_times_out_by_its_own_time": (
            "executions._run_execution",
            "executions._scaled_sleep",
        ),
        "test_a_stopped_execution_stays_aborted": (
            "executions._stop_execution",
            "status_events._emit_execution_status_event",
        ),
        "test_a_task_that_fails_after_the_stop_changes_nothing": ("executions._fail_execution",),
        "test_an_alarm_is_about_its_own_machine": ("execution_metrics._evaluate_alarm",),
        "test_executions_are_counted_as_metrics": ("execution_metrics._run_execution",),
        "test_express_executions_are_many_and_not_described": (
            "express._start_execution",
            "express._stop_execution",
            "express._describe_execution",
            "express._get_execution_history",
            "express._describe_state_machine_for_execution",
            "express._list_executions",
        ),
        "test_the_same_start_twice_is_one_execution": ("executions._start_execution",),
        "test_the_states_of_maps_are_reported_too": (
            "entered_states._execute_pass",
            "entered_states._execute_task",
            "entered_states._execute_choice",
            "entered_states._execute_wait",
            "entered_states._execute_parallel",
            "entered_states._execute_map",
        ),
    },
    "test_faults": {
        "test_deliveries_come_late_or_twice_or_are_refused": ("faults._invoke_target",),
        "test_functions_and_their_calls_fail_in_every_way": ("faults._execute_function_warm",),
        "test_what_a_machine_asks_fails_by_its_name": ("faults._invoke_resource",),
    },
    "test_functions": {
        "test_each_request_is_checked_for_its_own_action": ("lambda_actions._lambda_action",),
        "test_the_quota_of_an_account_is_that_of_aws": ("quotas._get_account_settings",),
        "test_a_process_that_exits_is_an_exit_error": ("lambda_workers._execute_function_warm",),
        "test_a_role_that_lambda_may_not_assume_runs_nothing": (
            "lambda_roles._execute_function_dispatch",
        ),
        "test_a_worker_sees_the_sdk_and_its_own_environment_alone": ("lambda_workers.subprocess",),
        "test_an_async_failure_goes_to_its_destination": (
            "lambda_roles._route_async_failure",
            "event_targets._dispatch_to_lambda",
        ),
        "test_an_error_keeps_its_class_and_the_worker_its_life": (
            "lambda_workers._worker_class_for",
            "lambda_workers._PYTHON_WORKER_SCRIPT",
        ),
        "test_it_is_noted_what_a_role_was_allowed": ("permissions_used.evaluate",),
        "test_logs_need_permission": ("lambda_roles._emit_lambda_logs",),
    },
    "test_images": {
        "test_a_tag_and_a_digest_must_agree": ("registry._batch_get_image",),
        "test_all_tags_of_a_digest": ("registry._list_images",),
        "test_an_index_needs_its_children": ("registry._put_image",),
        "test_deleting_by_tag_leaves_the_other_tags": ("registry._batch_delete_image",),
        "test_what_is_missing": ("registry._describe_images",),
    },
    "test_integrations": {
        "test_nested_start_names_are_unique": ("task_errors._invoke_nested_start_execution",),
    },
    "test_jsonata": {
        "test_an_assign_sees_the_variables_as_they_were": ("jsonata._apply_state_assign",),
        "test_an_expression_may_take_a_second_of_its_own_time": ("jsonata.Timebox",),
    },
    "test_keys": {
        "test_a_machine_that_sends": ("key_use._act_send_message",),
        "test_a_queue": ("key_use._HANDLERS.SendMessage", "key_use._HANDLERS.ReceiveMessage"),
        "test_a_secret_by_its_encryption_context": ("key_use._get_secret_value",),
        "test_a_service_that_delivers": ("key_use._deliver_to_sqs",),
        "test_a_table": (
            "key_use._get_item",
            "key_use._put_item",
            "key_use._update_item",
            "key_use._delete_item",
        ),
        "test_a_topic": ("key_use._publish",),
        "test_log_groups_and_trails_are_not_made_without_the_key": (
            "key_use._create_log_group",
            "key_use._DISPATCH.CreateTrail",
        ),
    },
    "test_kills": {
        "test_a_kill_is_for_one_invocation_of_those_that_it_means": (
            "kills._durable_env_overlay",
            "kills._execute_function_warm",
        ),
    },
    "test_leading_keys": {
        "test_a_request_is_refused_for_keys_that_its_policy_does_not_name": (
            "leading_keys.dynamodb_service_context",
            "leading_keys.enforce",
        ),
    },
    "test_messages": {
        "test_an_address_gets_nothing_until_its_owner_has_followed_the_link": (
            "mail._matches_filter_policy",
            "mail._subscribe",
            "mail._list_subscriptions",
            "mail._list_subscriptions_by_topic",
        ),
        "test_attributes_are_sent_with_plain_messages_alone": ("message_structure._fanout",),
        "test_policies_that_demand_tls_are_met": ("gateway.pin_request_origin",),
    },
    "test_organization": {
        "test_a_role_of_the_organization_may_be_assumed": ("organization._resolve_condition_key",),
    },
    "test_provider_answers": {
        "test_a_machine_keeps_its_tracing": ("provider_answers._create_state_machine",),
        "test_a_machine_keeps_the_tracing_of_an_update": (
            "provider_answers._update_state_machine",
        ),
        "test_a_trail_keeps_its_tags": ("provider_answers._DISPATCH.CreateTrail",),
        "test_services_of_an_organization_are_listed": ("provider_answers._DISPATCH",),
    },
    "test_pull_times": {
        "test_what_ecr_refuses": ("pull_times.handle_request",),
    },
    "test_registries": {
        "test_a_layer_is_pulled_where_the_repository_lets_us": (
            "foreign_registries._get_download_url_for_layer",
        ),
        "test_a_repository_lets_others_in_by_its_policy_action_by_action": (
            "foreign_registries.repository_policy_for_arn",
        ),
        "test_another_accounts_registry_lets_nobody_in": (
            "foreign_registries._batch_get_image",
            "foreign_registries._describe_images",
            "foreign_registries._list_images",
        ),
        "test_the_managed_policy_of_the_registry_role_lets_it_read": (
            "managed_policies._aws_managed_policies",
        ),
        "test_whom_a_repository_lets_in_needs_the_right_in_its_own_account_too": (
            "foreign_registries.extract_resource_arn",
        ),
    },
    "test_resource_tags": {
        "test_tags_are_given_to_whom_may_ask": ("resource_tags.extract_resource_arn",),
    },
    "test_role_ids": {
        "test_a_role_that_a_condition_names_may_be_made_again": (
            "role_ids._resolve_condition_key",
        ),
        "test_a_role_that_is_named_is_trusted_by_its_id": (
            "role_ids._IAM_HANDLERS.CreateRole",
            "role_ids._IAM_HANDLERS.UpdateAssumeRolePolicy",
            "role_ids._role_xml",
            "role_ids.evaluate_trust_policy",
        ),
    },
    "test_secret_versions": {
        "test_only_a_labelled_version_outlives_two_rotations": (
            "secret_versions._put_secret_value",
        ),
    },
    "test_hooks_across_accounts": {
        "test_a_function_without_a_policy_is_not": ("lambda_roles.function_policy_for_arn",),
    },
    "test_service_deployments": {
        "test_a_service_that_is_deleted_ends_its_deployment": (
            "service_deployments._ACTION_MAP.DeleteService",
        ),
        "test_tasks_start_after_the_hook_of_their_revision": (
            "service_deployments._ACTION_MAP.CreateService",
            "service_deployments._ACTION_MAP.DescribeServiceDeployments",
            "service_deployments._ACTION_MAP.ListServiceDeployments",
            "service_deployments._ACTION_MAP.DescribeServiceRevisions",
        ),
        "test_no_task_of_a_refused_revision_ever_starts": (
            "service_deployments._ACTION_MAP.UpdateService",
        ),
        "test_who_asks_for_deployments_needs_them_as_resources": (
            "service_deployments.extract_resource_arn",
        ),
    },
    "test_speed": {
        "test_a_session_may_be_opened_while_others_are_looked_at": (
            "sessions._evict_expired_sessions",
        ),
        "test_work_is_spared": (
            "narrow_queries._query",
            "narrow_queries._index_members",
            "read_once._condition_syntax_error",
            "read_once.is_root_access_key",
            "read_once.parse_policy_document",
            "read_once.Jsonata.get_parser",
            "lambda_code.zipfile",
        ),
    },
    "test_stack_sets": {
        "test_access_to_the_organization_is_turned_on_first": ("stack_sets._ACTION_HANDLERS",),
    },
    "test_task_definitions": {
        "test_an_active_one_is_not_deleted": (
            "task_definitions._ACTION_MAP.DeleteTaskDefinitions",
        ),
    },
    "test_tasks": {
        "test_a_machine_may_do_what_its_role_may": ("task_permissions._invoke_resource",),
        "test_a_throttled_function_is_named_so": ("task_errors._call_lambda",),
        "test_all_does_not_catch_an_oversized_result": ("task_errors._error_matches",),
        "test_retries_wait_as_written": ("task_errors._find_matching_retrier",),
    },
    "test_terraform": {
        "test_nothing_is_left_to_do_after_an_apply": ("provider_answers._describe_alarms",),
    },
}

HELD_BY = {
    patch: f"tests/sandbox/{file}.py::{test}"
    for file, tests in TESTS.items()
    for test, patches in tests.items()
    for patch in patches
}
