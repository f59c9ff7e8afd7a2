variable "name" {
  type        = string
  description = "Name of the queue and of the alarm that goes off while it holds events."
}

variable "content" {
  type        = string
  description = "What the queue holds, for the descriptions of the alarms."
}

variable "sid" {
  type        = string
  description = "Id of the statement that lets EventBridge send to the queue."
}

variable "rule_arns" {
  type        = list(string)
  description = "ARNs, or patterns of ARNs, of the rules that may send to the queue."
}

variable "kms_key" {
  type        = object({ arn = string })
  description = "The key that encrypts the queue, given by its `arn`. By default (null) SQS encrypts it with a key of its own."
  default     = null
}

variable "alarm_topic_arns" {
  type        = list(string)
  description = "ARNs of the topics that the alarms notify."
}

variable "queued_alarm_name" {
  type        = string
  description = "Name of the alarm that goes off for each event that the queue gets. By default (null) the queue's name with `-queued`."
  default     = null
}

variable "tags" {
  type        = map(string)
  description = "Tags of the queue and of its alarms."
}
