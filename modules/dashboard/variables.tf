variable "name_prefix" {
  type        = string
  description = "Name of the dashboard, and of the installation whose metrics it shows."
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
  description = "Names of the functions, by step."
}

variable "queue_names" {
  type        = list(string)
  description = "Names of the queues in which events wait for somebody."
}
