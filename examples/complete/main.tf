provider "aws" {
  region = "eu-central-1"
}

data "aws_partition" "current" {}

# Every input of the module, each with a value. Most installations need few of them: remove the others.
module "image_scan" {
  source = "../.."

  # Qualys
  qualys_pod                 = "EU1"
  qualys_gateway_url         = null # "https://..." of a private platform, instead of qualys_pod
  qualys_credentials         = var.qualys_credentials
  qualys_credentials_version = 1
  qualys_secret              = null # { arn = "..." } of an existing secret, instead of qualys_credentials
  registry_role              = var.registry_role
  scan_polling               = { interval_seconds = 60, max_polls = 30 }
  max_concurrent_scans       = 50
  require_examined           = ["vulnerabilities"] # "malware" and "secrets" only if the sensor looks for them

  # What is scanned, and how long a verdict holds
  task_events        = true
  reconcile_schedule = "cron(0 5 * * ? *)"
  cache_ttl_days     = 7
  rescan_days        = 3
  scope = {
    include = []
    exclude = [{
      name          = "sandboxes of developers"
      accounts      = ["444455556666"]
      clusters      = ["dev-*"]
      services      = ["try-*"]
      repositories  = ["sandbox/*"]
      tags          = { image-scan = "skip" }
      allow_at_gate = false # with true, the deployment gate lets such images start without a verdict
    }]
  }

  # Who is notified, of what, and by when it has to be remedied
  notification_email_addresses = ["cloud-security@example.com"]
  notify                       = { min_severity = "high", on = "new", potential = false, only_fixable = false, timeout = true, error = true, unscannable = "daily" }
  remediation_days             = { critical = 7, high = 30 } # medium and low need a lower notify.min_severity
  finding_events               = true
  owners = {
    tag    = "team"
    topics = { payments = { people = "arn:${data.aws_partition.current.partition}:sns:eu-central-1:111122223333:payments-alerts" } }
  }
  topic_access = {
    machines = {
      subscriber_account_ids = ["444455556666"]
      publishers             = [{ service = "budgets.amazonaws.com", source_arns = ["arn:${data.aws_partition.current.partition}:budgets::111122223333:budget/*"] }]
    }
  }
  exceptions = [{
    cve        = "CVE-2026-0001"
    account_id = "111122223333"
    repository = "shop/*"
    until      = "2099-12-31" # only for this example: give yours an end within months
    reason     = "the parser is not reachable"
    owner      = "shop team"
  }]

  # Besides notifications
  security_hub = true
  deployment_gate = {
    mode             = "audit"
    policy           = { min_severity = "critical", only_fixable = true, only_exploited = false }
    deadline_minutes = 30
    on_undecided     = "allow"
    rollback_days    = 7
  }
  create_dashboard = true

  # Other regions and accounts that forward their events
  spokes = {
    regional = true
    accounts = { ids = ["444455556666"] } # or organization = { id = "o-..." }
  }

  # Names, keys, logs and network
  name_prefix              = "qualys-image-scan" # never change it later: every name begins with it
  tags                     = { application = "qualys-image-scan" }
  iam_path                 = "/security/"
  permissions_boundary_arn = "arn:${data.aws_partition.current.partition}:iam::111122223333:policy/boundary"
  kms_key                  = null # { arn = "..." } of an existing key
  lambda_package           = null # { path = "..." } or { s3 = { bucket = "...", key = "..." } } of a zip that was built before
  log                      = { level = "INFO", retention_days = 90, trail_retention_days = 30 }
  create_trail             = true
  network = {
    vpc         = { subnet_ids = ["subnet-0a1b2c3d", "subnet-4e5f6a7b"], security_group_ids = ["sg-0a1b2c3d"] }
    https_proxy = "http://proxy.internal:3128"
    no_proxy    = "169.254.169.254,.amazonaws.com"
    ca_bundle   = null # { pem = file("ca.pem") }
  }
}
