# Passed on as they are; the modules' variables.tf say what each does, and refuse wrong values.

variable "hub" {
  type        = any
  description = "The hub's output of this name."
}

variable "region" {
  type        = string
  description = "AWS region of the roles' stacks, and the region of this account that is watched."
}

variable "name_prefix" {
  type        = string
  description = "Every name in AWS begins with it. qualys-image-scan by default."
  default     = "qualys-image-scan"
}

variable "organizational_unit_ids" {
  type        = set(string)
  description = "Organizational units, or the root, whose accounts forward."
}

variable "regions" {
  type        = set(string)
  description = "Regions to watch in each account."
}

variable "accounts" {
  type        = map(set(string))
  description = "Of the accounts in the organizational units, only those to include, or all but those to exclude. All by default."
  default     = {}
}

variable "registry_role" {
  type        = map(string)
  description = "Either existing_name, or qualys_account_id with external_id. By default no role is created for the Registry Sensor."
  default     = null
}

variable "create_trail" {
  type        = bool
  description = "True where no trail logs write management events in each account and region. False by default: the organization's trail does."
  default     = false
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything. application = qualys-image-scan by default."
  default     = { application = "qualys-image-scan" }
}
