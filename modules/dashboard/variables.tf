variable "name_prefix" {
  type        = string
  description = "Name of the dashboard, and name prefix of the installation whose metrics it shows."
}

variable "state_machine_arns" {
  type = object({
    intake = string
    scan   = string
  })
  description = "ARNs of the two state machines."
}

variable "function_names" {
  type        = map(string)
  description = "Names of the Lambda functions, by step."
}

variable "queue_names" {
  type        = list(string)
  description = "Names of the queues whose waiting events the dashboard shows."
}
