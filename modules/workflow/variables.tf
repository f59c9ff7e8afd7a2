variable "name_prefix" {
  type        = string
  description = "Every name begins with it."
}

variable "kms_key_arn" {
  type        = string
  description = "ARN of the key that encrypts the queue, the logs, the secret and the tables."
}

variable "cache_table" {
  type = object({
    name = string
    arn  = string
  })
  description = "The table that stores leases and verdicts."
}

variable "inventory_table" {
  type = object({
    name = string
    arn  = string
  })
  description = "The table that stores which image runs where."
}

variable "state_table" {
  type = object({
    name = string
    arn  = string
  })
  description = "The table that stores what the installation remembers about itself."
}

variable "topic_arns" {
  type        = map(string)
  description = "ARNs of the SNS topics of notifications and alarms, by kind of reader: the output `topic_arns` of modules/notifications."
}

variable "reconcile_schedule" {
  type        = string
  description = "When the reconciliation runs, which scans running images that have no verdict. Write it for EventBridge Scheduler: rate(...) or cron(...). Once a day by default. With null it runs on demand only."
  default     = "rate(1 day)"
}

variable "registry_role_arn" {
  type        = string
  description = "ARN of the role that the Qualys Registry Sensor assumes to pull images. Qualys gets it when a registry is created there."
}

variable "registry_external_id" {
  type        = string
  description = "The external id in the trust policy of this role. Qualys gets it with the role. By default (null) the functions ask Qualys for it."
  default     = null
}

variable "spokes" {
  type = object({
    organization = optional(object({
      id = string
    }))
    accounts = optional(object({
      ids = set(string)
    }))
    regional           = optional(bool, false)
    registry_role_name = optional(string)
  })
  description = "Which accounts and regions may forward events: all accounts of the `organization`, the listed `accounts`, or other regions of this account (`regional`). Members are read through their describe role. `registry_role_name` is the path and name of the Registry Sensor's role in member accounts; by default that of the role here. By default nobody forwards."
  default     = {}
  nullable    = false
}

variable "qualys_gateway_url" {
  type        = string
  description = "Base URL of the Qualys API, without a path."
}

variable "qualys_platform_url" {
  type        = string
  description = "URL, without a path, where people sign in at Qualys. Notifications link to images there. By default (null) notifications have no such links."
  default     = null
}

variable "qualys_credentials" {
  type = object({
    token         = optional(string)
    username      = optional(string)
    password      = optional(string)
    client_id     = optional(string)
    client_secret = optional(string)

    proxy_user     = optional(string)
    proxy_password = optional(string)
  })
  description = "The Qualys credential of the functions: a token, a user with a password, or a client with a secret. It may also have the login at the proxy. It is stored in a new secret. The variable is ephemeral: neither plan nor state contains it. Leave it out if you set qualys_secret."
  default     = null
  sensitive   = true
  ephemeral   = true
}

variable "qualys_credentials_version" {
  type        = number
  description = "Raise this number when you change qualys_credentials. Terraform writes them only when this number changes. 1 by default."
  default     = 1
}

variable "qualys_secret" {
  type = object({
    arn = string
  })
  description = "An existing secret to use, given by its `arn`. By default (null) a secret is created from qualys_credentials."
  default     = null
}

variable "cache_ttl_days" {
  type        = number
  description = "Days for which a verdict is stored. Deployments do not have its image scanned again during this time. 7 by default."
  default     = 7
}

variable "scan_polling" {
  type = object({
    interval_seconds = optional(number, 60)
    max_polls        = optional(number, 30)
  })
  description = "How often the workflow asks Qualys whether a scan has finished (`interval_seconds`), and how many times at most (`max_polls`). Every 60 seconds and 30 times by default. The first time comes when most scans of the registry have finished: after 30 to 300 seconds, which the workflow learns. After the last time the verdict is TIMEOUT."
  default     = {}
}

variable "max_concurrent_scans" {
  type        = number
  description = "How many scans may be at Qualys at the same time. Further scans wait for about an hour, and then go to the failed-events queue. 100 by default."
  default     = 100
}

variable "require_examined" {
  type        = list(string)
  description = "What Qualys must examine before an image can be CLEAN: `vulnerabilities`, and `malware` or `secrets` if the Registry Sensor is set up to look for them. If one of them was not examined, the image ends as ERROR. If malware, or a critical or high finding, was found, it ends as FINDINGS with this gap in the reason. Only vulnerabilities by default."
  default     = ["vulnerabilities"]
  nullable    = false

  validation {
    condition     = contains(var.require_examined, "vulnerabilities") && length(setsubtract(var.require_examined, ["vulnerabilities", "malware", "secrets"])) == 0
    error_message = "Set require_examined to a list that contains vulnerabilities. It may also contain malware and secrets."
  }
}

variable "log" {
  type = object({
    level          = optional(string, "INFO")
    retention_days = optional(number, 365)
  })
  description = "`level` is the lowest level that the functions log: DEBUG, INFO, WARNING or ERROR. `retention_days` is for how many days every log group stores its entries. INFO and 365 by default."
  default     = {}
}

variable "notification_policy" {
  type = object({
    min_severity = optional(string, "high")
    notify_on    = optional(string, "new")
    potential    = optional(bool, false)
    only_fixable = optional(bool, false)
    timeout      = optional(bool, true)
    error        = optional(bool, true)
    unscannable  = optional(string, "daily")
  })
  description = "What is notified. `min_severity`: the lowest severity of findings. `notify_on`: only findings that are \"new\" to the workload, or \"all\". `potential`: potential findings, too. `only_fixable`: only findings that have a patch or a fixed version. `timeout` and `error`: these verdicts. `unscannable`: images that cannot be scanned (each, daily or off)."
  default     = {}
}

variable "scope" {
  type = object({
    include = optional(list(object({
      name         = string
      accounts     = optional(list(string), [])
      clusters     = optional(list(string), [])
      services     = optional(list(string), [])
      repositories = optional(list(string), [])
      tags         = optional(map(string), {})
    })), [])
    exclude = optional(list(object({
      name          = string
      accounts      = optional(list(string), [])
      clusters      = optional(list(string), [])
      services      = optional(list(string), [])
      repositories  = optional(list(string), [])
      tags          = optional(map(string), {})
      allow_at_gate = optional(bool, false)
    })), [])
  })
  description = "Which images of which workloads are scanned. What a rule of `exclude` matches is out of scope, and so is what no rule of `include` matches, if there are any. A rule matches where all that it names match. A fact that is not known leaves nothing out. By default everything is in scope."
  default     = {}
  nullable    = false
}

variable "rescan_days" {
  type        = number
  description = "Days after which the reconciliation has a running image scanned again, although its verdict is valid, unless Qualys has assessed the image since. By default (null) only when its verdict expires before the next day."
  default     = null
}

variable "remediation_days" {
  type        = map(number)
  description = "Days in which a finding has to be remedied, by severity (`critical`, `high`, `medium`, `low`), from the first notification of its workload. 7 days for critical and 30 for high findings by default."
  default     = { critical = 7, high = 30 }
  nullable    = false
}

variable "owners" {
  type = object({
    tag = optional(string, "team")
    topics = optional(map(object({
      people   = optional(string)
      phones   = optional(string)
      chat     = optional(string)
      machines = optional(string)
    })), {})
  })
  description = "`tag` is the key of the tag that names the team on a service, a task definition or a repository; team by default. `topics` are ARNs of a team's own topics, by team and by kind of reader. No topics by default."
  default     = {}
}

variable "result_bus_arn" {
  type        = string
  description = "ARN of the event bus that gets an event for each scan that ends. By default (null) the account's default bus gets it."
  default     = null
}

variable "finding_events" {
  type        = bool
  description = "Whether the reconciliation puts an event for each finding on that bus: opened, still open or closed. False by default."
  default     = false
}

variable "security_hub" {
  type        = bool
  description = "Whether findings are imported into the Security Hub of the account that owns the image. It must be enabled there. False by default."
  default     = false
}

variable "code" {
  type = object({
    filename          = optional(string)
    s3_bucket         = optional(string)
    s3_key            = optional(string)
    s3_object_version = optional(string)
    hash              = optional(string)
    runtime           = string
    architecture      = string
    version           = string
  })
  description = "The code of the functions: the output `code` of modules/package."
}

variable "network" {
  type = object({
    vpc = optional(object({
      subnet_ids         = list(string)
      security_group_ids = list(string)
    }))
    https_proxy = optional(string)
    no_proxy    = optional(string)
    ca_bundle   = optional(object({ pem = string }))
  })
  description = "The network of the functions. `vpc`: subnets and security groups that they run in. `https_proxy`: the proxy for their HTTPS calls, except for the hosts in `no_proxy`. `ca_bundle`: certificates (`pem`) that they trust for Qualys. No VPC, proxy or bundle by default."
  default     = {}
}

variable "iam_path" {
  type        = string
  description = "Path of the roles. By default the root path, /."
  default     = "/"
}

variable "permissions_boundary_arn" {
  type        = string
  description = "ARN of the policy that is the permissions boundary of the roles. None by default."
  default     = null
}

variable "tags" {
  type        = map(string)
  description = "Tags of every resource that can have tags. None by default."
  default     = {}
}
