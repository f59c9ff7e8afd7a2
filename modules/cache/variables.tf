variable "name_prefix" {
  type        = string
  description = "The names of the tables begin with it: `<name_prefix>-cache` and `<name_prefix>-inventory`."
}

variable "kms_key_arn" {
  type        = string
  description = "ARN of the key that encrypts the tables."
}

variable "tags" {
  type        = map(string)
  description = "Tags of the tables. None by default."
  default     = {}
}
