variable "name_prefix" {
  type        = string
  description = "The name of the role begins with it: `<name_prefix>-registry-<region>`."
}

variable "registry_role" {
  type = object({
    existing_arn      = optional(string)
    qualys_account_id = optional(string)
    external_id       = optional(string)
  })
  description = "Give `existing_arn` to use an existing role unchanged. Give `qualys_account_id` with `external_id` to create a role; Qualys supplies both values."

  validation {
    condition     = (var.registry_role.existing_arn == null) != (var.registry_role.qualys_account_id == null && var.registry_role.external_id == null)
    error_message = "Give registry_role either existing_arn, or qualys_account_id with external_id."
  }
  validation {
    condition     = (var.registry_role.qualys_account_id == null) == (var.registry_role.external_id == null)
    error_message = "Give registry_role.qualys_account_id and registry_role.external_id together."
  }
}

variable "iam_path" {
  type        = string
  description = "Path of the created role. By default the root path, /."
  default     = "/"
}

variable "permissions_boundary_arn" {
  type        = string
  description = "ARN of the policy that is the permissions boundary of the created role. None by default."
  default     = null
}

variable "tags" {
  type        = map(string)
  description = "Tags of the created role. None by default."
  default     = {}
}
