variable "name_prefix" {
  type        = string
  description = "The name of the bus begins with it: `<name_prefix>-hub`."
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
  description = "Which accounts and regions may forward events to the bus: all accounts of the `organization`, the listed `accounts`, or other regions of this account (`regional`)."
  nullable    = false

  validation {
    condition     = var.spokes.regional || var.spokes.organization != null || var.spokes.accounts != null
    error_message = "Name in spokes who may forward: organization, accounts or regional. Without spokes, leave the module out."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags of the bus. None by default."
  default     = {}
}
