variable "name_prefix" {
  type        = string
  description = "The names of the trail and its bucket begin with it. qualys-image-scan by default."
  default     = "qualys-image-scan"

  validation {
    condition     = length(var.name_prefix) >= 3 && length(var.name_prefix) <= 28 && can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name_prefix)) && !startswith(var.name_prefix, "sthree-")
    error_message = "Set name_prefix to 3 to 28 lower-case letters, digits and single hyphens. It begins with a letter, does not end with a hyphen, and does not begin with sthree-: a bucket is named after it."
  }
}

variable "kms_key" {
  type        = object({ arn = string })
  description = "A key, given by its `arn`, that encrypts the files. Its policy lets CloudTrail use it. By default (null) S3 encrypts them with a key of its own."
  default     = null
}

variable "retention_days" {
  type        = number
  description = "Days after which the files of the trail are deleted. 90 by default."
  default     = 90
  nullable    = false

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 3653 && floor(var.retention_days) == var.retention_days
    error_message = "Set retention_days to a whole number from 1 to 3653."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags of the trail and its bucket. None by default."
  default     = {}
}
