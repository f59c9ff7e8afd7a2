variable "name_prefix" {
  type        = string
  description = "Every name begins with it."
}

variable "installation_version" {
  type        = string
  description = "Version of the modules that make the installation. The parameter that describes it has this version."
}

variable "intake_state_machine_arn" {
  type        = string
  description = "ARN of the state machine that each event starts."
}

variable "alarm_topic_arns" {
  type        = list(string)
  description = "ARNs of the SNS topics that the alarms about undelivered events notify."
}

variable "kms_key_arn" {
  type        = string
  description = "ARN of the key that encrypts the queue."
}

variable "hub_bus" {
  type = object({
    name            = string
    arn             = string
    organization_id = optional(string)
  })
  description = "The bus that spokes forward to: the output `bus` of modules/hub-bus. By default (null) nobody forwards."
  default     = null
}

variable "members" {
  type = object({
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
  description = "What a member account needs to trust the installation: the output `members` of modules/workflow, with the hook of the gate where there is one (`deployment_gate`)."
}

variable "task_events" {
  type        = bool
  description = "Whether a task that starts counts as a deployment, too. ECS reports tasks without a trail. It also reports tasks that no call starts, such as those of rollbacks and of CodeDeploy. True by default."
  default     = true
}

variable "iam_path" {
  type        = string
  description = "Path of the role. By default the root path, /."
  default     = "/"
}

variable "permissions_boundary_arn" {
  type        = string
  description = "ARN of the policy that is the permissions boundary of the role. None by default."
  default     = null
}

variable "tags" {
  type        = map(string)
  description = "Tags of every resource that can have tags. None by default."
  default     = {}
}
