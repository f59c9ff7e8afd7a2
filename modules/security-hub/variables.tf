variable "name_prefix" {
  type        = string
  description = "The name of the rule begins with it, and the rule selects the verdicts of this installation."
}

variable "function" {
  type = object({
    name = string
    arn  = string
  })
  description = "The function that imports findings: the output `import_function` of modules/workflow."
  nullable    = false
}

variable "result_bus_arn" {
  type        = string
  description = "ARN of the event bus that gets the events of results: the output `result_bus_arn` of modules/workflow."
}

variable "failed_events_queue" {
  type        = object({ arn = string })
  description = "The queue of events that the function could not process: the output `failed_events_queue` of modules/workflow."
}

variable "tags" {
  type        = map(string)
  description = "Tags of the rule. None by default."
  default     = {}
}
