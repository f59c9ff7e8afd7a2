# What the root adds to its modules: the composition. tests/inputs.tftest.hcl has what it refuses.
mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-central-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
}

variables {
  qualys_pod         = "US2"
  qualys_credentials = { token = "t" }
  registry_role      = { qualys_account_id = "444455556666", external_id = "US2-1234" }
}

run "plans_with_three_inputs" {
  command = plan

  assert {
    condition     = output.qualys_gateway_url == "https://gateway.qg2.apps.qualys.com"
    error_message = "The pod must choose the gateway."
  }
  assert {
    condition     = values(output.function_names)[0] == "qualys-image-scan-check-cache" && output.cache_table.name == "qualys-image-scan-cache"
    error_message = "Names must begin with the default prefix."
  }
  assert {
    condition = jsonencode({ for pod, platform in local.qualys_platforms : pod => platform.gateway }) == jsonencode({
      US1  = "https://gateway.qg1.apps.qualys.com"
      US2  = "https://gateway.qg2.apps.qualys.com"
      US3  = "https://gateway.qg3.apps.qualys.com"
      US4  = "https://gateway.qg4.apps.qualys.com"
      EU1  = "https://gateway.qg1.apps.qualys.eu"
      EU2  = "https://gateway.qg2.apps.qualys.eu"
      EU3  = "https://gateway.qg3.apps.qualys.it"
      IN1  = "https://gateway.qg1.apps.qualys.in"
      CA1  = "https://gateway.qg1.apps.qualys.ca"
      AE1  = "https://gateway.qg1.apps.qualys.ae"
      UK1  = "https://gateway.qg1.apps.qualys.co.uk"
      AU1  = "https://gateway.qg1.apps.qualys.com.au"
      KSA1 = "https://gateway.qg1.apps.qualysksa.com"
      GOV1 = "https://gateway.gov1.qualys.us"
    })
    error_message = "A pod's gateway changed: is that meant?"
  }
  assert {
    condition = jsonencode({ for pod, platform in local.qualys_platforms : pod => platform.platform }) == jsonencode({
      US1  = "https://qualysguard.qualys.com"
      US2  = "https://qualysguard.qg2.apps.qualys.com"
      US3  = "https://qualysguard.qg3.apps.qualys.com"
      US4  = "https://qualysguard.qg4.apps.qualys.com"
      EU1  = "https://qualysguard.qualys.eu"
      EU2  = "https://qualysguard.qg2.apps.qualys.eu"
      EU3  = "https://qualysguard.qg3.apps.qualys.it"
      IN1  = "https://qualysguard.qg1.apps.qualys.in"
      CA1  = "https://qualysguard.qg1.apps.qualys.ca"
      AE1  = "https://qualysguard.qg1.apps.qualys.ae"
      UK1  = "https://qualysguard.qg1.apps.qualys.co.uk"
      AU1  = "https://qualysguard.qg1.apps.qualys.com.au"
      KSA1 = "https://qualysguard.qg1.apps.qualysksa.com"
      GOV1 = "https://qualysguard.gov1.qualys.us"
    })
    error_message = "Where people of a pod sign in changed: is that meant?"
  }
  assert {
    condition     = output.deployment_gate == null && !contains(keys(output.function_names), "deployment_gate")
    error_message = "Nobody who did not ask for a gate must get one."
  }
  assert {
    condition     = local.steps == toset(keys(output.function_names))
    error_message = "The steps that are known ahead must be those that have a function."
  }
  assert {
    condition     = output.hub == null
    error_message = "A single account is nobody's hub."
  }
}

run "a_second_installation_shares_no_name" {
  command = plan
  variables {
    name_prefix = "other"
  }

  assert {
    condition = length(setintersection(
      concat(values(output.function_names), [output.cache_table.name, output.inventory_table.name, output.state_table.name, output.failed_events_queue.name, output.undelivered_events_queue.name]),
      concat(
        values(run.plans_with_three_inputs.function_names),
        [
          run.plans_with_three_inputs.cache_table.name, run.plans_with_three_inputs.inventory_table.name,
          run.plans_with_three_inputs.state_table.name, run.plans_with_three_inputs.failed_events_queue.name,
          run.plans_with_three_inputs.undelivered_events_queue.name,
        ],
      ),
    )) == 0
    error_message = "Two installations with different prefixes must not share a name."
  }
}

run "a_gateway_url_goes_before_the_pod" {
  command = plan
  variables {
    qualys_gateway_url = "https://qualysgateway.example.com:8443/"
  }

  assert {
    condition     = output.qualys_gateway_url == "https://qualysgateway.example.com:8443"
    error_message = "A private platform's URL must be used."
  }
}

# Conditions and modules take them as numbers, as Terraform does for typed inputs.
run "takes_numbers_in_quotes" {
  command = plan
  variables {
    scan_polling    = { interval_seconds = "90", max_polls = "20" }
    log             = { retention_days = "90", trail_retention_days = "30" }
    notify          = { timeout = "false" }
    deployment_gate = { deadline_minutes = "30", rollback_days = "3" }
    exceptions      = [{ qid = "38170", repository = "shop/*", until = "2000-01-01", reason = "the parser is not reachable", owner = "shop" }]
  }
  expect_failures = [check.exceptions]
}

run "takes_what_is_off_by_default" {
  command = plan
  variables {
    deployment_gate = {}
    security_hub    = true
  }

  assert {
    condition     = output.function_names["deployment_gate"] == "qualys-image-scan-deployment-gate" && output.deployment_gate.lifecycle_hook.timeout_configuration.action == "CONTINUE"
    error_message = "The switch of the gate must reach the module, and a gate must audit by default."
  }
  assert {
    condition     = output.function_names["import_findings"] == "qualys-image-scan-import-findings"
    error_message = "The switch of Security Hub must reach the module."
  }
  assert {
    condition     = local.steps == toset(keys(output.function_names))
    error_message = "The steps that are known ahead must be those that have a function."
  }
}

run "takes_plain_http_on_loopback" {
  command = plan
  variables {
    qualys_pod         = null
    qualys_gateway_url = "http://127.0.0.1:8080"
  }

  assert {
    condition     = output.qualys_gateway_url == "http://127.0.0.1:8080"
    error_message = "A simulator on this machine must be usable."
  }
}

run "uses_what_exists" {
  command = plan
  variables {
    qualys_credentials = null
    qualys_secret      = { arn = "arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:theirs-AbCdEf" }
    registry_role      = { existing_arn = "arn:aws-us-gov:iam::111122223333:role/security/theirs" }
    kms_key            = { arn = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1234" }
    create_trail       = false
  }

  assert {
    condition = (
      output.qualys_secret_arn == var.qualys_secret.arn && output.registry_role_arn == var.registry_role.existing_arn &&
      output.kms_key_arn == var.kms_key.arn && output.trail.arn == null && output.trail.bucket == null
    )
    error_message = "What is brought must be used, in any partition, and no trail made."
  }
}

run "takes_every_kind_of_credential" {
  command = plan
  variables {
    qualys_credentials = { client_id = "id", client_secret = "s" }
  }
}

run "takes_an_empty_string_for_nothing" {
  command = plan
  variables {
    qualys_credentials = { token = "", username = "u", password = "p" }
  }
}

run "takes_a_restricted_network" {
  command = plan
  variables {
    qualys_credentials = { token = "t", proxy_user = "scan", proxy_password = "p" }
    network = {
      https_proxy = "http://proxy.example.com:3128"
      no_proxy    = ".amazonaws.com, 169.254.169.254"
      ca_bundle   = { pem = "# Example Inspection CA - G2\n-----BEGIN CERTIFICATE-----\nMIIB+/==\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nMIIB+/==\n-----END CERTIFICATE-----\n" }
    }
  }
}

run "gives_spokes_what_they_need" {
  command = plan
  variables {
    spokes   = { organization = { id = "o-abcdefghij" }, registry_role_name = "security/qualys" }
    iam_path = "/scan/"
  }

  assert {
    condition = toset(keys(output.hub)) == toset([
      "account_id", "region", "event_bus_arn", "event_pattern", "organization_id",
      "describe_principal_arns", "describe_role_name", "describe_external_id", "iam_path", "registry_role_name",
      "deployment_gate",
    ])
    error_message = "The hub's output must be what the spoke modules take."
  }
  assert {
    condition = [
      output.hub.account_id, output.hub.region, output.hub.organization_id,
      output.hub.describe_role_name, output.hub.describe_external_id, output.hub.iam_path, output.hub.registry_role_name,
      ] == [
      "111122223333", "eu-central-1", "o-abcdefghij",
      "qualys-image-scan-describe", "qualys-image-scan-111122223333", "/scan/", "security/qualys",
    ]
    error_message = "Each output must come from the module that decides it."
  }
}

run "without_a_schedule_unscannable_images_are_notified_at_once" {
  command = plan
  variables {
    reconcile_schedule = null
  }

  assert {
    condition     = local.notification_policy.unscannable == "each"
    error_message = "What no digest lists must be notified."
  }
}

run "takes_exceptions_with_an_end" {
  command = plan
  variables {
    exceptions = [
      { qid = 370001, repository = "shop/app", until = "2999-12-31", reason = "no fix before May", owner = "shop" },
      { cve = "CVE-2026-0001", account_id = "111122223333", repository = "shop/*", until = "2999-12-31", reason = "not reachable from outside", owner = "shop" },
    ]
  }
}

run "warns_of_an_exception_that_has_ended" {
  command = plan
  variables {
    exceptions = [{ qid = 1, repository = "shop/app", until = "2026-01-31", reason = "no fix before May", owner = "shop" }]
  }
  expect_failures = [check.exceptions]
}

