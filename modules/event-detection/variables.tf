variable "name_prefix" {
  type        = string
  description = "Every name begins with it."
}

variable "intake_state_machine_arn" {
  type        = string
  description = "ARN of the state machine that each event starts."
}

variable "alarm_topic_arns" {
  type        = list(string)
  description = "ARNs of the SNS topics that get the alarm about events that could not be delivered."
}

variable "kms_key_arn" {
  type        = string
  description = "ARN of the key that encrypts the queue and the trail's files."
}

variable "spokes" {
  type = object({
    organization = optional(object({
      id = string
    }))
    accounts = optional(object({
      ids = set(string)
    }))
    regional = optional(bool, false)
  })
  description = "Who may forward events to the hub bus, which exists when anybody may: all accounts of an organization, the accounts listed, other regions of this account (`regional`). Nobody by default."
  default     = {}
  nullable    = false
}

variable "members" {
  type = object({
    describe_principal_arns = list(string)
    describe_role_name      = string
    describe_external_id    = string
    iam_path                = string
    registry_role_name      = string
  })
  description = "What a member account needs to let the installation in: the output `members` of modules/workflow."
}

variable "task_events" {
  type        = bool
  description = "Whether tasks that start count as deployments, too. ECS reports them without a trail, and reports what no call starts: tasks of rollbacks and of CodeDeploy. True by default."
  default     = true
}

variable "create_trail" {
  type        = bool
  description = "Whether to create a trail, which EventBridge needs to see ECS calls. True by default. If an organization trail, or another one, already logs write management events here, false works the same."
  default     = true
}

variable "trail_retention_days" {
  type        = number
  description = "Days after which the trail's files are deleted. 90 by default."
  default     = 90
}

variable "iam_path" {
  type        = string
  description = "Path of the role. By default the root path."
  default     = "/"
}

variable "permissions_boundary_arn" {
  type        = string
  description = "Permissions boundary of the role. None by default."
  default     = null
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything that can have tags. None by default."
  default     = {}
}
