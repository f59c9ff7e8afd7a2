# Events for programs, beside those of each scan.

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
