variable "hub" {
  type = object({
    account_id              = string
    region                  = string
    event_bus_arn           = string
    event_pattern           = string
    organization_id         = optional(string)
    describe_principal_arns = list(string)
    describe_role_name      = string
    describe_external_id    = string
    iam_path                = string
    registry_role_name      = string
  })
  description = "Where to forward to: the `hub` output of the installation whose `spokes` let this account in."
  nullable    = false
}

variable "name_prefix" {
  type        = string
  description = "Every name begins with it, except the describe role's, which the hub gives. qualys-image-scan by default."
  default     = "qualys-image-scan"

  validation {
    condition     = length(var.name_prefix) >= 3 && length(var.name_prefix) <= 28 && can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name_prefix)) && !startswith(var.name_prefix, "sthree-")
    error_message = "Set name_prefix to 3 to 28 lower-case letters, digits and single hyphens. It begins with a letter, does not end with a hyphen, and does not begin with sthree-: a bucket and roles are named after it."
  }
}

variable "create_describe_role" {
  type        = bool
  description = "Whether to create the role that the hub reads this account as. Set it in one region of each member account, and never in the hub's account. False by default."
  default     = false
}

variable "security_hub" {
  type        = bool
  description = "Whether the describe role may import findings into the Security Hub of this account, too, for a hub with `security_hub`. False by default."
  default     = false

  validation {
    condition     = !var.security_hub || var.create_describe_role
    error_message = "It is the describe role that imports findings: set security_hub beside create_describe_role."
  }
}

variable "alarm_topic_arn" {
  type        = string
  description = "ARN of an SNS topic in this region and account that is notified when events could not be forwarded. By default (null) the alarm is only shown."
  default     = null
}

variable "create_trail" {
  type        = bool
  description = "Whether to create a CloudTrail trail, without which EventBridge sees no ECS call. False by default: an organization trail, or a multi-region one, mostly logs write management events here. A second copy of them costs 2 USD per 100,000 events."
  default     = false
}

variable "trail_retention_days" {
  type        = number
  description = "Days after which the created trail's files are deleted. 90 by default."
  default     = 90

  validation {
    condition     = var.trail_retention_days >= 1 && var.trail_retention_days <= 3653 && floor(var.trail_retention_days) == var.trail_retention_days
    error_message = "Set trail_retention_days to a whole number from 1 to 3653."
  }
}

variable "iam_path" {
  type        = string
  description = "Path of the forwarding role; that of the describe role is the hub's. By default the root path, /."
  default     = "/"
}

variable "permissions_boundary_arn" {
  type        = string
  description = "ARN of the policy that is set as permissions boundary of the roles. None by default."
  default     = null
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything that can have tags. None by default."
  default     = {}
  nullable    = false
}
