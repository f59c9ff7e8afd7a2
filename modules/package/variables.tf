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
  description = "Lambda code that `make package` built before: the `path` of a local zip, or an `s3` object. Terraform sees a change of the object by its key or version. By default (null) apply builds the code. That needs Python 3.9 or newer, pip and a package index."
  default     = null
}

variable "functions" {
  type        = set(string)
  description = "The steps that have a function. Each function is named after its step."
}
