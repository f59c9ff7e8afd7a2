# How old a finding, or what is known of an image that runs, may become; and events of findings for programs.

variable "remediation_days" {
  type        = map(number)
  description = "Days in which a finding has to be remedied, by severity (`critical`, `high`, `medium` or `low`), from the first notification of its workload. The daily digest lists what is overdue, and the metric OverdueFindings counts it by team. A severity without days has no deadline. A severity below `notify.min_severity` has none either, because nobody is notified of it. With {} there are no deadlines. 7 days for critical and 30 for high findings by default."
  default     = { critical = 7, high = 30 }
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.remediation_days), ["critical", "high", "medium", "low"])) == 0
    error_message = "Use critical, high, medium or low as the keys of remediation_days."
  }
  validation {
    condition     = alltrue([for days in values(var.remediation_days) : try(days >= 1 && days <= 3650 && floor(days) == days, false)])
    error_message = "Set each of remediation_days to a whole number of days from 1 to 3650."
  }
  validation {
    condition = alltrue([
      for pair in [["critical", "high"], ["critical", "medium"], ["critical", "low"], ["high", "medium"], ["high", "low"], ["medium", "low"]] :
      try(var.remediation_days[pair[0]] <= var.remediation_days[pair[1]], true)
    ])
    error_message = "Give a severe finding no more remediation_days than a milder one."
  }
}

variable "rescan_days" {
  type        = number
  description = "Days after which the daily reconciliation has a running image scanned again, although its verdict is valid for cache_ttl_days, unless Qualys has assessed the image itself since. Deployments in between still use the verdict, and a scan that fails leaves it as it is. By default (null) a running image is scanned again by the last reconciliation before its verdict expires."
  default     = null

  validation {
    condition     = var.rescan_days == null ? true : var.rescan_days >= 1 && floor(var.rescan_days) == var.rescan_days
    error_message = "Set rescan_days to a whole number of days, at least 1."
  }
  validation {
    condition     = var.rescan_days == null ? true : var.rescan_days < var.cache_ttl_days
    error_message = "Set rescan_days to fewer days than cache_ttl_days: a verdict that has expired is scanned again in any case."
  }
  validation {
    condition     = var.rescan_days == null || var.reconcile_schedule != null
    error_message = "The reconciliation has images scanned again: set reconcile_schedule, or remove rescan_days."
  }
}

variable "finding_events" {
  type        = bool
  description = "Whether each finding that workloads were notified of is an event of its own, for trackers of tickets: opened, still open, and closed when nothing of its owner runs it any more. The reconciliation puts them on the bus of the result events. False by default."
  default     = false
  nullable    = false

  validation {
    condition     = !var.finding_events || var.reconcile_schedule != null
    error_message = "The reconciliation puts the events of findings: set reconcile_schedule, or set finding_events to false."
  }
}
