# The example passes these inputs on unchanged. The variables.tf of each module describes them and refuses wrong values.

variable "hub" {
  type        = any
  description = "The output `hub` of ../hub."
}

variable "region" {
  type        = string
  description = "AWS region of the roles' stacks. It is also the region of this account that is watched."
}

variable "name_prefix" {
  type        = string
  description = "Every name in AWS begins with this prefix. qualys-image-scan by default."
  default     = "qualys-image-scan"
}

variable "organizational_unit_ids" {
  type        = set(string)
  description = "Ids of the organizational units, or of the root, whose accounts forward events."
}

variable "regions" {
  type        = set(string)
  description = "Regions to watch in each account."
}

variable "accounts" {
  type        = map(set(string))
  description = "Which accounts of the organizational units forward: only those of include, or all except those of exclude. All by default."
  default     = {}
}

variable "registry_role" {
  type        = map(string)
  description = "The role of the Registry Sensor: either existing_name, or qualys_account_id with external_id. By default (null) no role is created."
  default     = null
}

variable "create_gate_role" {
  type        = bool
  description = "Whether services of the accounts can ask the deployment gate of the hub, in the hub's region. False by default."
  default     = false
}

variable "create_trail" {
  type        = bool
  description = "Whether to create a trail in each account and region. False by default, because the organization trail logs already. Set it to true if no trail logs write management events there."
  default     = false
}

variable "tags" {
  type        = map(string)
  description = "Tags of every resource. application = qualys-image-scan by default."
  default     = { application = "qualys-image-scan" }
}
