variable "name_prefix" {
  type        = string
  description = "Every name of the installation begins with it."
}

variable "record" {
  type = object({
    parameter = string
    hash      = string
    build     = string
  })
  description = "What is recorded of the zip, and in which parameter: the output `record` of modules/package."
}

variable "deployed" {
  type        = map(string)
  description = "Names of the deployed functions by step, from the resources that deploy them."
}

variable "tags" {
  type        = map(string)
  description = "Tags of the SSM parameter. None by default."
  default     = {}
}
