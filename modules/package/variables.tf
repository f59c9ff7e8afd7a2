variable "name_prefix" {
  type        = string
  description = "Every name of the installation begins with it."
}

variable "lambda_package" {
  type = object({
    path = optional(string)
    s3 = optional(object({
      bucket  = string
      key     = string
      version = optional(string)
    }))
  })
  description = "A zip that `make package` built: a local `path`, or an `s3` object, whose change is seen by its key or version. By default (null) apply builds it, for which it needs Python 3.9 or newer, pip and a package index."
  default     = null
}

variable "functions" {
  type        = set(string)
  description = "Which functions there will be, as the steps that they are named after."
}

variable "deployed" {
  type        = map(string)
  description = "Names of the functions by step, from the resources that deploy them."
}

variable "tags" {
  type        = map(string)
  description = "Tags of the parameter. None by default."
  default     = {}
}
