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
    deployment_gate = optional(object({
      hook_target_arn  = string
      role_arn         = string
      lifecycle_stages = list(string)
      timeout_configuration = object({
        timeout_in_minutes = number
        action             = string
      })
    }))
  })
  description = "The `hub` output of the installation that receives the events. Its `spokes` must include this account."
  nullable    = false
}

variable "name_prefix" {
  type        = string
  description = "Every name begins with it, except the name of the describe role, which the hub gives. qualys-image-scan by default."
  default     = "qualys-image-scan"

  validation {
    condition     = length(var.name_prefix) >= 3 && length(var.name_prefix) <= 28 && can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name_prefix)) && !startswith(var.name_prefix, "sthree-")
    error_message = "Set name_prefix to 3 to 28 lower-case letters, digits and single hyphens. It begins with a letter, does not end with a hyphen, and does not begin with sthree-: a bucket and roles are named after it."
  }
}

variable "create_describe_role" {
  type        = bool
  description = "Whether to create the role with which the hub reads this account. Set it in one region of each member account, and never in the hub's account. False by default."
  default     = false
}

variable "create_gate_role" {
  type        = bool
  description = "Whether to create the role with which ECS here invokes the deployment gate of the hub, and to let the describe role read deployments. The hub needs `deployment_gate` as well, and must be in this region. False by default."
  default     = false
}

variable "security_hub" {
  type        = bool
  description = "Whether the describe role may also import findings into the Security Hub of this account. The hub needs `security_hub` as well. False by default."
  default     = false

  validation {
    condition     = !var.security_hub || var.create_describe_role
    error_message = "The describe role imports the findings: set create_describe_role to true if security_hub is true."
  }
}

variable "alarm_topic_arn" {
  type        = string
  description = "ARN of an SNS topic in this region and account that is notified when events could not be forwarded. By default (null) the alarms notify nobody, and only CloudWatch shows them."
  default     = null
}

variable "iam_path" {
  type        = string
  description = "Path of the forwarding role. The describe role has the path that the hub gives. By default the root path, /."
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
  nullable    = false
}
