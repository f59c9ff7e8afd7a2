variable "name_prefix" {
  type        = string
  description = "The name of the table begins with it: `<name_prefix>-state`."
}

variable "kms_key_arn" {
  type        = string
  description = "ARN of the key that encrypts the table."
}

variable "tags" {
  type        = map(string)
  description = "Tags of the table. None by default."
  default     = {}
}
