# What a plan warns of, and does not refuse.

locals {
  ended_exceptions = [
    for each in var.exceptions : "${coalesce(lookup(each, "cve", null), "QID ${coalesce(lookup(each, "qid", null), 0)}")} in ${each.repository} (${each.until})"
    if try(timecmp("${each.until}T23:59:59Z", plantimestamp()) < 0, false)
  ]
}

# An exception that has ended accepts nothing any more, so it may wait for the next change.
check "exceptions" {
  assert {
    condition     = length(local.ended_exceptions) == 0
    error_message = "Exceptions have ended: ${join(", ", local.ended_exceptions)}. Remove them, or give them a new until and a new reason."
  }
}
