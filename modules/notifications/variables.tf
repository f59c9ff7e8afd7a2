variable "name_prefix" {
  type        = string
  description = "The names of the topics begin with it: `<name_prefix>-notifications-<reader>`."
}

variable "kms_key_arn" {
  type        = string
  description = "ARN of the key that encrypts the topics."
}

variable "state_table" {
  type        = object({ name = string })
  description = "The table that stores the exceptions: the output `table` of modules/state."
}

variable "email_addresses" {
  type        = set(string)
  description = "E-mail addresses that are subscribed to the topic `people`. Each must be confirmed within 48 hours. None by default."
  default     = []
}

variable "topic_access" {
  type = map(object({
    subscriber_account_ids = optional(set(string), [])
    publishers = optional(list(object({
      service     = string
      source_arns = set(string)
    })), [])
  }))
  description = "Which accounts may subscribe to the topic of one kind of reader, and which AWS services may publish to it for the resources in `source_arns`. The key must let these services in. By default none besides alarms of this account."
  default     = {}
}

variable "exceptions" {
  type = list(object({
    qid        = optional(number)
    cve        = optional(string)
    account_id = optional(string)
    repository = string
    until      = string
    reason     = string
    owner      = string
  }))
  description = "Findings of which nobody is notified until the end of the day `until`. Each is named by `qid` or `cve`, by `repository`, and by the `account_id` of the repository (every account by default). None by default."
  default     = []
}

variable "tags" {
  type        = map(string)
  description = "Tags of the topics. None by default."
  default     = {}
}
