variable "name_prefix" {
  type        = string
  description = "Every name begins with it."
}

variable "kms_key_arn" {
  type        = string
  description = "ARN of the key that encrypts queue, topics, logs and secret, and the table given."
}

variable "cache_table" {
  type = object({
    name = string
    arn  = string
  })
  description = "The table of leases and verdicts."
}

variable "inventory_table" {
  type = object({
    name = string
    arn  = string
  })
  description = "The table of what runs where."
}

variable "reconcile_schedule" {
  type        = string
  description = "When to compare what runs with what has a verdict, as EventBridge Scheduler writes it. Once a day by default; null for on demand only."
  default     = "rate(1 day)"
}

variable "registry_role_arn" {
  type        = string
  description = "ARN of the role that the Qualys Registry Sensor assumes to pull images; given to Qualys when a registry is created there."
}

variable "registry_external_id" {
  type        = string
  description = "The external id that this role trusts, where it is known: Qualys gets it with the role. By default (null) Qualys is asked for it."
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
  description = "Whose events are taken: of all accounts of an organization, of the accounts listed, or of other regions of this account (`regional`). Members are read through their describe role; `registry_role_name` is the sensor's role in them, by default named as the one here. None by default."
  default     = {}
  nullable    = false
}

variable "qualys_gateway_url" {
  type        = string
  description = "Base URL of the Qualys API, without a path."
}

variable "qualys_platform_url" {
  type        = string
  description = "Where people sign in at Qualys, without a path, for the links to images in notifications. None by default: then there are no such links."
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
  description = "What the functions authenticate with at Qualys: a token, a user with password, or a client with secret; and at the proxy. Stored in a new secret; ephemeral, so in neither plan nor state. Leave it out with qualys_secret."
  default     = null
  sensitive   = true
  ephemeral   = true
}

variable "qualys_credentials_version" {
  type        = number
  description = "Raise it to have changed qualys_credentials written. 1 by default."
  default     = 1
}

variable "qualys_secret" {
  type = object({
    arn = string
  })
  description = "An existing secret to use, by its `arn`. By default (null) one is created from qualys_credentials."
  default     = null
}

variable "cache_ttl_days" {
  type        = number
  description = "Days for which a verdict is stored and its image not scanned again."
  default     = 7
}

variable "scan_polling" {
  type = object({
    interval_seconds = optional(number, 60)
    max_polls        = optional(number, 30)
  })
  description = "How often, and how many times, Qualys is asked whether a scan has finished. Every 60 seconds and 30 times by default; then the verdict is TIMEOUT."
  default     = {}
}

variable "max_concurrent_scans" {
  type        = number
  description = "How many scans are at Qualys at once. More wait for their turn, for an hour or so, and are queued in the failed-events queue after that. 100 by default."
  default     = 100
}

variable "require_examined" {
  type        = list(string)
  description = "What an image must have been examined for to be CLEAN: vulnerabilities, and malware or secrets where the registry sensor is set up to look for them. An image that was not examined for one of them ends as ERROR, or as FINDINGS with that gap in the reason where malware, or something critical or high, was found. Only vulnerabilities by default."
  default     = ["vulnerabilities"]
  nullable    = false

  validation {
    condition     = contains(var.require_examined, "vulnerabilities") && length(setsubtract(var.require_examined, ["vulnerabilities", "malware", "secrets"])) == 0
    error_message = "Set require_examined to a list of vulnerabilities with, where you want it, malware and secrets."
  }
}

variable "log" {
  type = object({
    level          = optional(string, "INFO")
    retention_days = optional(number, 365)
  })
  description = "What the functions log (DEBUG, INFO, WARNING or ERROR) and how long every log group keeps it. INFO and 365 days by default."
  default     = {}
}

variable "notification_email_addresses" {
  type        = set(string)
  description = "Addresses that are subscribed to the topic of people; each must confirm within 48 hours. None by default."
  default     = []
}

variable "topic_access" {
  type = map(object({
    subscriber_account_ids = optional(set(string), [])
    publishers = optional(list(object({
      service     = string
      source_arns = set(string)
    })), [])
  }))
  description = "Accounts that may subscribe to the topic of a reader, and services that may publish to it for the resources in `source_arns`; the key must let these services in. None by default, beside alarms of this account."
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
  description = "What is worth a notification: findings from `min_severity` on that are \"new\" to the workload (`notify_on`), `potential` ones too, `only_fixable` ones, the verdicts `timeout` and `error`, and `unscannable` (each, daily or off)."
  default     = {}
}

variable "exceptions" {
  type = list(object({
    qid        = optional(number)
    cve        = optional(string)
    repository = string
    until      = string
    reason     = string
    owner      = string
  }))
  description = "Findings of which nobody is notified until the end of a day, by `qid` or `cve` and `repository`."
  default     = []
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
  description = "Key of the `tag` that names the team of a service, a task definition or a repository, and ARNs of the `topics` that a team has of its own, by team and by who subscribes."
  default     = {}
}

variable "result_bus_arn" {
  type        = string
  description = "ARN of the event bus that the event of each scan that ends is put on. By default (null) the account's default bus."
  default     = null
}

variable "security_hub" {
  type        = bool
  description = "Whether findings go to the Security Hub of the account that owns the image, where it must be enabled. False by default."
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
  })
  description = "What the functions run, as modules/package gives it."
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
  description = "Subnets and security groups of a `vpc` that the functions run in, a proxy for their HTTPS calls with the hosts that go past it, and certificates to trust for Qualys (`ca_bundle`, as `pem`). No VPC, proxy or bundle by default."
  default     = {}
}

variable "iam_path" {
  type        = string
  description = "Path of the roles. By default the root path."
  default     = "/"
}

variable "permissions_boundary_arn" {
  type        = string
  description = "Permissions boundary of the roles. None by default."
  default     = null
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything that can have tags. None by default."
  default     = {}
}
