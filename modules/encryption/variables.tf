variable "name_prefix" {
  type        = string
  description = "Names the key's alias: `alias/<name_prefix>`."
}

variable "kms_key" {
  type = object({
    arn = string
  })
  description = "A key to use instead of creating one, by its `arn`. Its policy needs the statements that the README lists. By default (null) a key with yearly rotation is created."
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key.arn))
    error_message = "Give kms_key.arn as the ARN of a key (not of an alias), or leave kms_key out to have one created."
  }
}

variable "publishers" {
  type = list(object({
    service     = string
    source_arns = set(string)
  }))
  description = "Services that may publish to the topics, each for the accounts of its `source_arns`. None by default, beside alarms of this account and EventBridge."
  default     = []
}

variable "tags" {
  type        = map(string)
  description = "Tags of the key. None by default."
  default     = {}
}
