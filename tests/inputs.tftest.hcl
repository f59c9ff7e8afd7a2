# Wrong input of the root is refused at plan. tests/terraform runs this on the inputs alone: a plan of
# the whole root for each run would cost a hundred times as much.
mock_provider "aws" {}

variables {
  qualys_pod         = "US2"
  qualys_credentials = { token = "t" }
  registry_role      = { qualys_account_id = "444455556666", external_id = "US2-1234" }
}

# What a run refuses, it refuses for each variable that it names; one run for each would cost a
# second of starting up.
run "refuses_what_is_missing" {
  command = plan
  variables {
    qualys_pod         = null
    qualys_credentials = null
    registry_role      = {}
    lambda_package     = {}
  }
  expect_failures = [var.qualys_pod, var.qualys_credentials, var.registry_role, var.lambda_package]
}

run "refuses_contradictions" {
  command = plan
  variables {
    qualys_secret  = { arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:theirs-AbCdEf" }
    registry_role  = { existing_arn = "arn:aws:iam::111122223333:role/theirs", qualys_account_id = "444455556666", external_id = "US2-1234" }
    lambda_package = { path = "x.zip", s3 = { bucket = "b", key = "k" } }
    network        = { vpc = { subnet_ids = ["subnet-1"], security_group_ids = [] } }
  }
  expect_failures = [var.qualys_credentials, var.registry_role, var.lambda_package, var.network]
}

run "refuses_malformed_arns" {
  command = plan
  variables {
    qualys_credentials       = null
    qualys_secret            = { arn = "my-secret" }
    registry_role            = { existing_arn = "theirs" }
    permissions_boundary_arn = "arn:aws:iam::111122223333:role/boundary"
    kms_key                  = { arn = "arn:aws:kms:us-east-1:111122223333:alias/mine" }
  }
  expect_failures = [var.qualys_secret, var.registry_role, var.permissions_boundary_arn, var.kms_key]
}

run "refuses_numbers_that_are_too_small" {
  command = plan
  variables {
    qualys_credentials_version = 0
    scan_polling               = { interval_seconds = 0 }
    log                        = { trail_retention_days = 0 }
    cache_ttl_days             = 0
    max_concurrent_scans       = 0
    registry_role              = { qualys_account_id = "44445555666", external_id = "US2-1234" }
  }
  expect_failures = [var.qualys_credentials_version, var.scan_polling, var.max_concurrent_scans, var.cache_ttl_days, var.log, var.registry_role]
}

run "refuses_numbers_that_are_too_large" {
  command = plan
  variables {
    scan_polling         = { interval_seconds = 901 }
    log                  = { trail_retention_days = 3654 }
    cache_ttl_days       = 366
    max_concurrent_scans = 1001
    name_prefix          = "a23456789-123456789-123456789"
  }
  expect_failures = [var.scan_polling, var.max_concurrent_scans, var.cache_ttl_days, var.log, var.name_prefix]
}

run "refuses_numbers_that_do_not_fit" {
  command = plan
  variables {
    qualys_credentials_version = 1.5
    scan_polling               = { interval_seconds = 1.5 }
    cache_ttl_days             = 0.5
    max_concurrent_scans       = 1.5
    log                        = { retention_days = 45 }
  }
  expect_failures = [var.qualys_credentials_version, var.scan_polling, var.max_concurrent_scans, var.cache_ttl_days, var.log]
}

run "refuses_unknown_words" {
  command = plan
  variables {
    qualys_pod                   = "US9"
    log                          = { level = "TRACE" }
    name_prefix                  = "Scan"
    tags                         = { "aws:owner" = "x" }
    iam_path                     = "security"
    notification_email_addresses = ["security"]
    network                      = { https_proxy = "proxy:3128" }
    registry_role                = { qualys_account_id = "444455556666", external_id = "US2 1234" }
  }
  expect_failures = [var.qualys_pod, var.log, var.name_prefix, var.tags, var.iam_path, var.notification_email_addresses, var.network, var.registry_role]
}

# CreateTrail refuses two hyphens in a row, S3 the prefix, and policies compare the whole ARN of a secret.
run "refuses_names_that_aws_refuses" {
  command = plan
  variables {
    name_prefix        = "team--prod"
    qualys_credentials = null
    qualys_secret      = { arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:theirs" }
  }
  expect_failures = [var.name_prefix, var.qualys_secret]
}

run "refuses_a_prefix_of_s3_access_points" {
  command = plan
  variables {
    name_prefix = "sthree-scan"
  }
  expect_failures = [var.name_prefix]
}

# One run for each: they are different rules of one variable.
run "refuses_access_to_a_topic_that_is_none" {
  command = plan
  variables {
    topic_access = { operators = {} }
  }
  expect_failures = [var.topic_access]
}

run "refuses_access_of_nobody" {
  command = plan
  variables {
    topic_access = { people = null }
  }
  expect_failures = [var.topic_access]
}

run "refuses_a_publisher_that_is_null" {
  command = plan
  variables {
    topic_access = { people = { publishers = [null] } }
  }
  expect_failures = [var.topic_access]
}

run "refuses_a_subscriber_that_is_no_account" {
  command = plan
  variables {
    topic_access = { people = { subscriber_account_ids = ["*"] } }
  }
  expect_failures = [var.topic_access]
}

run "refuses_a_publisher_that_is_no_service" {
  command = plan
  variables {
    topic_access = { people = { publishers = [{ service = "*", source_arns = ["arn:aws:events:us-east-1:111122223333:rule/mine"] }] } }
  }
  expect_failures = [var.topic_access]
}

run "refuses_a_publisher_for_anybody" {
  command = plan
  variables {
    topic_access = { people = { publishers = [{ service = "events.amazonaws.com", source_arns = ["arn:aws:events:us-east-1:111122223333:*"] }] } }
  }
  expect_failures = [var.topic_access]
}

run "refuses_a_publisher_without_a_source" {
  command = plan
  variables {
    topic_access = { people = { publishers = [{ service = "events.amazonaws.com", source_arns = [] }] } }
  }
  expect_failures = [var.topic_access]
}

run "refuses_a_publisher_whose_sources_are_null" {
  command = plan
  variables {
    topic_access = { people = { publishers = [{ service = "events.amazonaws.com", source_arns = null }] } }
  }
  expect_failures = [var.topic_access]
}

run "refuses_a_topic_of_a_team_that_is_none" {
  command = plan
  variables {
    owners = { topics = { payments = { people = "payments-alerts" } } }
  }
  expect_failures = [var.owners]
}

run "refuses_a_team_without_a_topic" {
  command = plan
  variables {
    owners = { topics = { payments = { email = "arn:aws:sns:us-east-1:111122223333:payments" } } }
  }
  expect_failures = [var.owners]
}

run "refuses_half_of_what_belongs_together" {
  command = plan
  variables {
    qualys_credentials = { username = "u" }
    registry_role      = { qualys_account_id = "444455556666" }
    network            = { vpc = { subnet_ids = [], security_group_ids = ["sg-1"] } }
  }
  expect_failures = [var.qualys_credentials, var.registry_role, var.network]
}

run "refuses_a_password_in_the_address_of_the_proxy" {
  command = plan
  variables {
    network = { https_proxy = "http://user:password@proxy.example.com:3128" }
  }
  expect_failures = [var.network]
}

run "refuses_a_no_proxy_that_python_ignores" {
  command = plan
  variables {
    network = { no_proxy = "localhost, *.amazonaws.com" }
  }
  expect_failures = [var.network]
}

run "refuses_a_ca_bundle_that_is_no_certificate" {
  command = plan
  variables {
    network = { ca_bundle = { pem = "ca.pem" } }
  }
  expect_failures = [var.network]
}

run "refuses_a_key_in_the_ca_bundle" {
  command = plan
  variables {
    network = { ca_bundle = { pem = "-----BEGIN CERTIFICATE-----\nMIIB+/==\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n" } }
  }
  expect_failures = [var.network]
}

run "refuses_a_ca_bundle_that_secrets_manager_does_not_take" {
  command = plan
  variables {
    network = { ca_bundle = { pem = join("", [for number in range(1000) : "-----BEGIN CERTIFICATE-----\nMIIBMIIBMIIBMIIB\n-----END CERTIFICATE-----\n"]) } }
  }
  expect_failures = [var.network]
}

run "refuses_a_ca_bundle_with_something_else" {
  command = plan
  variables {
    network = { ca_bundle = { pem = "-----BEGIN CERTIFICATE-----\nMIIB+/==\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" } }
  }
  expect_failures = [var.network]
}

run "refuses_a_certificate_that_was_cut" {
  command = plan
  variables {
    network = { ca_bundle = { pem = "-----BEGIN CERTIFICATE-----\nMIIB+/\n-----END CERTIFICATE-----\n" } }
  }
  expect_failures = [var.network]
}

run "refuses_a_user_with_a_colon_at_the_proxy" {
  command = plan
  variables {
    qualys_credentials = { token = "t", proxy_user = "CORP:svc", proxy_password = "p" }
  }
  expect_failures = [var.qualys_credentials]
}

run "refuses_a_blank_credential" {
  command = plan
  variables {
    qualys_credentials = { token = " \n" }
  }
  expect_failures = [var.qualys_credentials]
}

run "refuses_half_a_login_at_the_proxy" {
  command = plan
  variables {
    qualys_credentials = { token = "t", proxy_user = "scan" }
  }
  expect_failures = [var.qualys_credentials]
}

run "refuses_plain_http_to_elsewhere" {
  command = plan
  variables {
    qualys_gateway_url = "http://gateway.example.com"
    qualys_credentials = { token = "t", username = "u", password = "p" }
    registry_role      = { external_id = "US2-1234" }
    scan_polling       = { max_polls = 0 }
  }
  expect_failures = [var.qualys_gateway_url, var.qualys_credentials, var.registry_role, var.scan_polling]
}

run "refuses_a_host_that_begins_like_loopback" {
  command = plan
  variables {
    qualys_gateway_url = "http://127.0.0.1.example.com"
    qualys_credentials = {}
    scan_polling       = { max_polls = 501 }
  }
  expect_failures = [var.qualys_gateway_url, var.qualys_credentials, var.scan_polling]
}

run "refuses_a_gateway_with_a_path" {
  command = plan
  variables {
    qualys_gateway_url = "https://gateway.example.com/csapi"
  }
  expect_failures = [var.qualys_gateway_url]
}

run "refuses_a_gateway_with_a_user" {
  command = plan
  variables {
    qualys_gateway_url = "https://user@gateway.example.com"
  }
  expect_failures = [var.qualys_gateway_url]
}

run "refuses_an_organization_and_a_list" {
  command = plan
  variables {
    spokes = { organization = { id = "o-abcdefghij" }, accounts = { ids = ["444455556666"] } }
  }
  expect_failures = [var.spokes]
}

run "refuses_what_is_no_organization" {
  command = plan
  variables {
    spokes = { organization = { id = "abcdefghij" } }
  }
  expect_failures = [var.spokes]
}

run "refuses_what_is_no_account" {
  command = plan
  variables {
    spokes = { accounts = { ids = ["44445555666"] } }
  }
  expect_failures = [var.spokes]
}

run "refuses_a_list_of_nobody" {
  command = plan
  variables {
    spokes = { accounts = { ids = [] } }
  }
  expect_failures = [var.spokes]
}

run "refuses_more_accounts_than_a_policy_holds" {
  command = plan
  variables {
    spokes = { accounts = { ids = [for number in range(51) : format("%012d", number)] } }
  }
  expect_failures = [var.spokes]
}

run "refuses_an_arn_where_a_name_is_asked_for" {
  command = plan
  variables {
    spokes = { organization = { id = "o-abcdefghij" }, registry_role_name = "/security/qualys" }
  }
  expect_failures = [var.spokes]
}

run "refuses_thresholds_that_do_not_exist" {
  command = plan
  variables {
    notify = { min_severity = "severe" }
  }
  expect_failures = [var.notify]
}

run "refuses_to_notify_on_what_is_no_event" {
  command = plan
  variables {
    notify = { on = "changed" }
  }
  expect_failures = [var.notify]
}

run "refuses_a_day_of_the_digest" {
  command = plan
  variables {
    notify = { unscannable = "weekly" }
  }
  expect_failures = [var.notify]
}

run "refuses_an_examination_that_nobody_makes" {
  command = plan
  variables {
    require_examined = ["vulnerabilities", "malwares"]
  }
  expect_failures = [var.require_examined]
}

run "refuses_to_call_clean_what_was_not_examined_for_vulnerabilities" {
  command = plan
  variables {
    require_examined = ["malware"]
  }
  expect_failures = [var.require_examined]
}

run "refuses_a_digest_that_nobody_would_send" {
  command = plan
  variables {
    reconcile_schedule = null
    notify             = { unscannable = "daily" }
  }
  expect_failures = [var.notify]
}

run "refuses_an_exception_for_no_account" {
  command = plan
  variables {
    exceptions = [{ qid = 1, account_id = "1111-2222-3333", repository = "shop/app", until = "2999-12-31", reason = "no fix before May", owner = "shop" }]
  }
  expect_failures = [var.exceptions]
}

run "refuses_exceptions_of_nothing_or_two_things" {
  command = plan
  variables {
    exceptions = [
      { repository = "shop/app", until = "2999-12-31", reason = "no fix before May", owner = "shop" },
      { qid = 1, cve = "CVE-2026-0001", repository = "shop/app", until = "2999-12-31", reason = "no fix before May", owner = "shop" },
    ]
  }
  expect_failures = [var.exceptions]
}

run "refuses_an_exception_for_everything" {
  command = plan
  variables {
    exceptions = [{ qid = 1, repository = "*", until = "2999-12-31", reason = "no fix before May", owner = "shop" }]
  }
  expect_failures = [var.exceptions]
}

run "refuses_a_day_that_is_none" {
  command = plan
  variables {
    exceptions = [{ qid = 1, repository = "shop/app", until = "2999-13-31", reason = "no fix before May", owner = "shop" }]
  }
  expect_failures = [var.exceptions]
}

run "refuses_an_exception_without_a_reason" {
  command = plan
  variables {
    exceptions = [{ qid = 1, repository = "shop/app", until = "2999-12-31", reason = "because", owner = "shop" }]
  }
  expect_failures = [var.exceptions]
}

run "refuses_deadlines_of_unknown_severities" {
  command = plan
  variables {
    remediation_days = { severe = 7 }
  }
  expect_failures = [var.remediation_days]
}

run "refuses_deadlines_that_are_no_days" {
  command = plan
  variables {
    remediation_days = { critical = 0, high = 1.5 }
  }
  expect_failures = [var.remediation_days]
}

run "refuses_a_later_deadline_for_what_is_worse" {
  command = plan
  variables {
    remediation_days = { critical = 14, medium = 7 }
  }
  expect_failures = [var.remediation_days]
}

run "refuses_a_rescan_that_is_no_day" {
  command = plan
  variables {
    rescan_days = 0.5
  }
  expect_failures = [var.rescan_days]
}

run "refuses_a_rescan_after_the_verdict_has_expired" {
  command = plan
  variables {
    rescan_days    = 3
    cache_ttl_days = 3
  }
  expect_failures = [var.rescan_days]
}

run "refuses_a_rescan_without_a_reconciliation" {
  command = plan
  variables {
    rescan_days        = 1
    reconcile_schedule = null
    notify             = { unscannable = "off" }
  }
  expect_failures = [var.rescan_days]
}

run "refuses_a_rule_of_the_scope_for_everything" {
  command = plan
  variables {
    scope = { exclude = [{ name = "all of it" }] }
  }
  expect_failures = [var.scope]
}

run "refuses_a_pattern_of_wildcards_alone" {
  command = plan
  variables {
    scope = { exclude = [{ name = "all of it", repositories = ["*"] }] }
  }
  expect_failures = [var.scope]
}

run "refuses_a_pattern_of_wildcards_and_one_letter" {
  command = plan
  variables {
    scope = { include = [{ name = "all of it", clusters = ["p*"] }] }
  }
  expect_failures = [var.scope]
}

run "refuses_to_exclude_all_that_is_included" {
  command = plan
  variables {
    scope = { include = [{ name = "dev", clusters = ["dev-*"] }], exclude = [{ name = "no dev", clusters = ["dev-*"] }] }
  }
  expect_failures = [var.scope]
}

run "refuses_two_rules_of_one_name" {
  command = plan
  variables {
    scope = { include = [{ name = "dev", clusters = ["dev-1"] }], exclude = [{ name = "dev", clusters = ["dev-2"] }] }
  }
  expect_failures = [var.scope]
}

run "refuses_a_rule_without_a_name" {
  command = plan
  variables {
    scope = { exclude = [{ name = "", clusters = ["dev-*"] }] }
  }
  expect_failures = [var.scope]
}

run "refuses_a_scope_of_no_account" {
  command = plan
  variables {
    scope = { exclude = [{ name = "dev", accounts = ["1111-2222-3333"] }] }
  }
  expect_failures = [var.scope]
}

run "refuses_a_cluster_by_its_arn" {
  command = plan
  variables {
    scope = { exclude = [{ name = "dev", clusters = ["arn:aws:ecs:eu-west-1:111122223333:cluster/dev"] }] }
  }
  expect_failures = [var.scope]
}

run "refuses_a_repository_with_a_tag" {
  command = plan
  variables {
    scope = { exclude = [{ name = "dev", repositories = ["shop/app:1"] }] }
  }
  expect_failures = [var.scope]
}

run "refuses_a_tag_with_a_wildcard" {
  command = plan
  variables {
    scope = { exclude = [{ name = "dev", tags = { image-scan = "*" } }] }
  }
  expect_failures = [var.scope]
}

run "refuses_rules_that_no_environment_takes" {
  command = plan
  variables {
    scope = { exclude = [for n in range(30) : { name = "rule ${n}", services = ["a-service-with-a-long-name-${n}"] }] }
  }
  expect_failures = [var.scope]
}

run "refuses_events_of_findings_without_a_reconciliation" {
  command = plan
  variables {
    finding_events     = true
    reconcile_schedule = null
  }
  expect_failures = [var.finding_events]
}
