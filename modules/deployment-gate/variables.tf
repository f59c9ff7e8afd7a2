variable "name_prefix" {
  type        = string
  description = "Name prefix of the installation. Every name begins with it."
}

variable "mode" {
  type        = string
  description = "What the gate does. `audit` lets every deployment go on, and says what it would have blocked. `enforce` has ECS roll blocked deployments back. audit by default."
  default     = "audit"
  nullable    = false

  validation {
    condition     = contains(["audit", "enforce"], var.mode)
    error_message = "Set mode of the deployment gate to audit or enforce."
  }
}

variable "policy" {
  type = object({
    min_severity   = optional(string, "high")
    only_fixable   = optional(bool, false)
    only_exploited = optional(bool, false)
  })
  description = "Which vulnerabilities block. `min_severity`: the lowest severity (critical, high, medium or low). `only_fixable`: only those that have a patch or a fixed version. `only_exploited`: only those that are exploited now. By default confirmed critical and high ones. Malware and secrets always block."
  default     = {}
  nullable    = false

  validation {
    condition     = contains(["critical", "high", "medium", "low"], var.policy.min_severity)
    error_message = "Set policy.min_severity of the deployment gate to critical, high, medium or low."
  }
}

variable "deadline_minutes" {
  type        = number
  description = "For how many minutes a deployment waits for the verdicts of its images, in enforce mode. After that its images are undecided. 60 by default."
  default     = 60
  nullable    = false

  validation {
    condition     = var.deadline_minutes >= 1 && var.deadline_minutes <= 1440 && floor(var.deadline_minutes) == var.deadline_minutes
    error_message = "Set deadline_minutes of the deployment gate to a whole number from 1 to 1440: ECS ends a hook after 24 hours."
  }
}

variable "on_undecided" {
  type        = string
  description = "What happens in enforce mode to images without a usable verdict: UNSCANNABLE, TIMEOUT, ERROR, or none before the deadline. `allow` or `block`. allow by default."
  default     = "allow"
  nullable    = false

  validation {
    condition     = contains(["allow", "block"], var.on_undecided)
    error_message = "Set on_undecided of the deployment gate to allow or block."
  }
}

variable "rollback_days" {
  type        = number
  description = "For how many days an image that ran in a service may be deployed there again, whatever was found in it. So there is a way back in an emergency. With 0 only images that run now may. 7 by default."
  default     = 7
  nullable    = false

  validation {
    condition     = var.rollback_days >= 0 && var.rollback_days <= 90 && floor(var.rollback_days) == var.rollback_days
    error_message = "Set rollback_days of the deployment gate to a whole number from 0 to 90: ECS stores deployments for 90 days."
  }
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
  description = "Which images of which workloads are in scope. The gate lets an image start without a verdict if a rule of `exclude` with `allow_at_gate` matches it. It judges all others. By default everything is in scope."
  default     = {}
  nullable    = false
}

variable "cache_table" {
  type = object({
    name = string
  })
  description = "The table that stores verdicts: the output `table` of modules/cache."
}

variable "state_table" {
  type = object({
    name = string
  })
  description = "The table that stores exceptions: the output `table` of modules/state."
}

variable "table_policy" {
  type        = string
  description = "The policy, as JSON, that lets the function read verdicts and exceptions: the output `gate_table_policy` of modules/workflow."
}

variable "intake_state_machine_arn" {
  type        = string
  description = "ARN of the state machine that gets images without a verdict."
}

variable "result_bus_arn" {
  type        = string
  description = "ARN of the event bus that gets an event for each decision: the output `result_bus_arn` of modules/workflow."
}

variable "topic_arns" {
  type        = map(string)
  description = "ARNs of the SNS topics of notifications and alarms, by kind of reader."
}

variable "members" {
  type = object({
    environment = map(string)
    policy      = string
    organization = optional(object({
      id = string
    }))
    accounts = optional(object({
      ids = set(string)
    }))
  })
  description = "How the gate reads member accounts, and which of them may invoke it: the output `member_access` of modules/workflow."
}

variable "kms_key_arn" {
  type        = string
  description = "ARN of the key that encrypts the logs, the tables and the topics."
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
  description = "The code of the function: the output `code` of modules/package."
}

variable "network" {
  type = object({
    vpc = optional(object({
      subnet_ids         = list(string)
      security_group_ids = list(string)
    }))
    https_proxy = optional(string)
    no_proxy    = optional(string)
  })
  description = "The network of the function. `vpc`: subnets and security groups that it runs in. `https_proxy`: the proxy for its calls of AWS, except for the hosts in `no_proxy`. No VPC and no proxy by default."
  default     = {}
}

variable "log" {
  type = object({
    level          = optional(string, "INFO")
    retention_days = optional(number, 365)
  })
  description = "`level` is the lowest level that the function logs. Decisions are logged as INFO, and `make gate` reads them. `retention_days` is for how many days the log group stores its entries. INFO and 365 by default."
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
