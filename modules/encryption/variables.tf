variable "name_prefix" {
  type        = string
  description = "The key's alias is `alias/<name_prefix>`."
}

variable "kms_key" {
  type = object({
    arn = string
  })
  description = "An existing key to use, given by its `arn`. Its policy needs the statements that the README lists. By default (null) a key with yearly rotation is created."
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key.arn))
    error_message = "Set kms_key.arn to the ARN of a key, not of an alias. Or leave kms_key out: then a key is created."
  }
}

variable "publishers" {
  type = list(object({
    service     = string
    source_arns = set(string)
  }))
  description = "AWS services that may publish to the topics, each for the accounts of its `source_arns`. By default none besides alarms of this account and EventBridge."
  default     = []
}

variable "tags" {
  type        = map(string)
  description = "Tags of the key. None by default."
  default     = {}
}
