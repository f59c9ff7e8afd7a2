# The inputs of an installation: the subscription, the scans, the notifications, and the settings in its account.

variable "qualys_pod" {
  type        = string
  description = "The Qualys platform of your subscription: US1, US2, US3, US4, EU1, EU2, EU3, IN1, CA1, AE1, UK1, AU1, KSA1 or GOV1. Required unless you set qualys_gateway_url. By default (null), notifications have no link to the image at Qualys."
  default     = null

  validation {
    condition     = var.qualys_pod == null || contains(keys(local.qualys_platforms), coalesce(var.qualys_pod, "none"))
    error_message = "Set qualys_pod to one of ${join(", ", keys(local.qualys_platforms))}; for a private platform leave it out and set qualys_gateway_url."
  }
  validation {
    condition     = var.qualys_pod != null || var.qualys_gateway_url != null
    error_message = "Set qualys_pod, or qualys_gateway_url for a private platform."
  }
}

variable "qualys_gateway_url" {
  type        = string
  description = "Base URL of the Qualys API, for a private platform. It must be https; http is accepted for this machine only. By default (null) it is the URL of qualys_pod. If you set both, this URL is used."
  default     = null

  validation {
    condition = var.qualys_gateway_url == null || can(regex(
      "^(https://[A-Za-z0-9.-]+|http://(localhost|127[.]0[.]0[.]1|\\[::1\\]))(:[0-9]{1,5})?/?$", var.qualys_gateway_url
    ))
    error_message = "Set qualys_gateway_url to https://<host>[:<port>] with no path; http is accepted for localhost, 127.0.0.1 and [::1] only, because every call sends the credential."
  }
}

variable "qualys_credentials" {
  type        = any
  description = "The Qualys credential of the functions: `token`, or `username` with `password`, or `client_id` with `client_secret`. Add `proxy_user` and `proxy_password` if the proxy of `network` requires a login. The credential is stored in a new secret. The variable is ephemeral: neither plan nor state contains it, so you give it at every run. By default (null) qualys_secret is used."
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = var.qualys_credentials == null || can(keys(var.qualys_credentials))
    error_message = "qualys_credentials is not an object. Its attributes are: ${join(", ", local.attributes.qualys_credentials)}."
  }
  validation {
    # Terraform prints no part of an ephemeral value, not even the name of an attribute.
    condition     = try(length(setsubtract(flatten([for given in [var.qualys_credentials] : keys(given) if can(keys(given))]), local.attributes.qualys_credentials)) == 0, false)
    error_message = "qualys_credentials has an attribute that does not exist. Its attributes are: ${join(", ", local.attributes.qualys_credentials)}."
  }
  validation {
    condition     = (var.qualys_credentials == null) != (var.qualys_secret == null)
    error_message = "Set exactly one of qualys_credentials and qualys_secret."
  }
  validation {
    condition = !can(keys(var.qualys_credentials)) || try(contains(
      ["token", "password,username", "client_id,client_secret"],
      join(",", sort(flatten([for given in [var.qualys_credentials] : [for name, value in given : name if try(trimspace(value), "") != "" && !startswith(name, "proxy_")] if given != null]))),
    ), false)
    error_message = "Give qualys_credentials exactly one kind of credential: token, or username with password, or client_id with client_secret."
  }
  validation {
    condition = !can(keys(var.qualys_credentials)) || try(contains(
      ["", "proxy_password,proxy_user"],
      join(",", sort(flatten([for given in [var.qualys_credentials] : [for name, value in given : name if try(trimspace(value), "") != "" && startswith(name, "proxy_")] if given != null]))),
    ), false)
    error_message = "Give proxy_user and proxy_password of qualys_credentials together."
  }
  validation {
    condition     = var.qualys_credentials == null || !can(regex(":", var.qualys_credentials.proxy_user))
    error_message = "Remove the colon from proxy_user of qualys_credentials: a proxy reads the text after a colon as the password."
  }
}

variable "qualys_credentials_version" {
  type        = number
  description = "Raise this number when you change qualys_credentials. Terraform cannot see that they changed, and writes them only when this number changes. 1 by default."
  default     = 1

  validation {
    condition     = var.qualys_credentials_version >= 1 && floor(var.qualys_credentials_version) == var.qualys_credentials_version
    error_message = "Set qualys_credentials_version to a whole number from 1 up."
  }
}

variable "qualys_secret" {
  type        = object({ arn = string })
  description = "An existing secret in this region, given by its `arn`. Its value is the JSON of one credential as in qualys_credentials, with proxy_user and proxy_password if the proxy requires them. By default (null) a secret is created."
  default     = null

  validation {
    condition     = var.qualys_secret == null || can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+-[A-Za-z0-9]{6}$", var.qualys_secret.arn))
    error_message = "Set qualys_secret.arn to the full ARN of a Secrets Manager secret, with the six characters at its end: policies compare the whole ARN."
  }
}

variable "registry_role" {
  type        = any
  description = "The role that the Qualys Registry Sensor assumes to pull images. Give `existing_arn` to use an existing role. Give `qualys_account_id` with `external_id` to create a role that trusts Qualys. `GET <gateway>/csapi/v1.3/registry/aws-base` returns both values."
  nullable    = false

  validation {
    condition     = try(length(setsubtract(keys(var.registry_role), local.attributes.registry_role)) == 0, false)
    error_message = "registry_role ${try("has no attribute ${join(", ", setsubtract(keys(var.registry_role), local.attributes.registry_role))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes.registry_role)}."
  }
  validation {
    condition     = (try(var.registry_role.existing_arn, null) == null) != (try(var.registry_role.qualys_account_id, null) == null && try(var.registry_role.external_id, null) == null)
    error_message = "Give registry_role either existing_arn, or qualys_account_id with external_id."
  }
  validation {
    condition     = (try(var.registry_role.qualys_account_id, null) == null) == (try(var.registry_role.external_id, null) == null)
    error_message = "Give registry_role.qualys_account_id and registry_role.external_id together."
  }
  validation {
    condition     = try(var.registry_role.existing_arn, null) == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", var.registry_role.existing_arn))
    error_message = "Set registry_role.existing_arn to the ARN of an IAM role."
  }
  validation {
    condition     = try(var.registry_role.qualys_account_id, null) == null || can(regex("^[0-9]{12}$", var.registry_role.qualys_account_id))
    error_message = "Set registry_role.qualys_account_id to the 12 digits of Qualys' AWS account, in quotes."
  }
  validation {
    condition     = try(var.registry_role.external_id, null) == null || can(regex("^[A-Za-z0-9+=,.@:/_-]{2,}$", var.registry_role.external_id))
    error_message = "Set registry_role.external_id to at least two letters, digits or any of + = , . @ : / _ -."
  }
}

variable "scan_polling" {
  type        = any
  description = "How often the workflow asks Qualys whether a scan has finished (`interval_seconds`), and how many times at most (`max_polls`). Every 60 seconds and 30 times by default. The first time comes when most scans of the registry have finished: after 30 to 300 seconds, which the workflow learns. After the last time the verdict is TIMEOUT."
  default     = {}
  nullable    = false

  validation {
    condition     = try(length(setsubtract(keys(var.scan_polling), local.attributes.scan_polling)) == 0, false)
    error_message = "scan_polling ${try("has no attribute ${join(", ", setsubtract(keys(var.scan_polling), local.attributes.scan_polling))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes.scan_polling)}."
  }
  validation {
    condition     = try(alltrue([for number in [tonumber(try(var.scan_polling.interval_seconds, null))] : number >= 1 && number <= 900 && floor(number) == number if number != null]), false)
    error_message = "Set scan_polling.interval_seconds to a whole number from 1 to 900."
  }
  validation {
    condition     = try(alltrue([for number in [tonumber(try(var.scan_polling.max_polls, null))] : number >= 1 && number <= 500 && floor(number) == number if number != null]), false)
    error_message = "Set scan_polling.max_polls to a whole number from 1 to 500."
  }
}

variable "max_concurrent_scans" {
  type        = number
  description = "How many scans may be at Qualys at the same time. Set it to the number that the sensors finish within the polls of one scan. Further scans wait for about an hour, and then go to the failed-events queue. 100 by default."
  default     = 100

  validation {
    condition     = var.max_concurrent_scans >= 1 && var.max_concurrent_scans <= 1000 && floor(var.max_concurrent_scans) == var.max_concurrent_scans
    error_message = "Set max_concurrent_scans to a whole number from 1 to 1000."
  }
}

variable "require_examined" {
  type        = list(string)
  description = "What Qualys must examine before an image can be CLEAN: `vulnerabilities`, and `malware` or `secrets` if the Registry Sensor is set up to look for them. If one of them was not examined, the image ends as ERROR. If malware, or a critical or high finding, was found, it ends as FINDINGS with this gap in the reason. Only vulnerabilities by default."
  default     = ["vulnerabilities"]
  nullable    = false

  validation {
    condition     = contains(var.require_examined, "vulnerabilities") && length(setsubtract(var.require_examined, ["vulnerabilities", "malware", "secrets"])) == 0
    error_message = "Set require_examined to a list that contains vulnerabilities. It may also contain malware and secrets."
  }
}

variable "cache_ttl_days" {
  type        = number
  description = "Days for which a verdict is stored. Deployments do not have its image scanned again during this time. 7 by default."
  default     = 7

  validation {
    condition     = var.cache_ttl_days >= 1 && var.cache_ttl_days <= 365 && floor(var.cache_ttl_days) == var.cache_ttl_days
    error_message = "Set cache_ttl_days to a whole number from 1 to 365."
  }
}

variable "notification_email_addresses" {
  type        = set(string)
  description = "E-mail addresses that are subscribed to the topic `people`, for notifications and alarms. AWS sends each address a link that must be confirmed within 48 hours; after that, apply again. None by default: subscribe to one of the topic_arns yourself."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.notification_email_addresses : can(regex("^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$", address))])
    error_message = "Write each of notification_email_addresses as name@example.com."
  }
}

variable "topic_access" {
  type        = any
  description = "Who else may use the topic of one kind of reader (`people`, `phones`, `chat` or `machines`). Principals of the accounts in `subscriber_account_ids` may subscribe. Each of the `publishers` is an AWS `service` that may publish for the resources in its `source_arns`. By default only principals of this account may subscribe, as far as their own policies allow, and only CloudWatch alarms of this account may publish."
  default     = {}
  nullable    = false

  validation {
    condition     = !can(keys(var.topic_access)) || try(length(setsubtract(flatten([for access in values(var.topic_access) : keys(access) if access != null]), local.attributes["topic_access.*"])) == 0, false)
    error_message = "An entry of topic_access ${try("has no attribute ${join(", ", setsubtract(flatten([for access in values(var.topic_access) : keys(access) if access != null]), local.attributes["topic_access.*"]))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes["topic_access.*"])}."
  }
  validation {
    condition     = !can(keys(var.topic_access)) || try(length(setsubtract(flatten([for access in values(var.topic_access) : [for list in [lookup(access, "publishers", null)] : [for each in(can(keys(list)) ? null : list) : keys(each) if each != null] if list != null] if access != null]), local.attributes["topic_access.*.publishers.*"])) == 0, false)
    error_message = "An entry of publishers in topic_access ${try("has no attribute ${join(", ", setsubtract(flatten([for access in values(var.topic_access) : [for list in [lookup(access, "publishers", null)] : [for each in(can(keys(list)) ? null : list) : keys(each) if each != null] if list != null] if access != null]), local.attributes["topic_access.*.publishers.*"]))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes["topic_access.*.publishers.*"])}."
  }
  validation {
    condition     = !can(keys(var.topic_access)) || try(alltrue([for access in values(var.topic_access) : access == null ? false : alltrue([for publisher in flatten([for list in [lookup(access, "publishers", null)] : list if list != null]) : publisher != null])]), false)
    error_message = "Remove each null from topic_access: a key, or an entry of its publishers."
  }
  validation {
    condition     = try(length(setsubtract(keys(var.topic_access), ["people", "phones", "chat", "machines"])) == 0, false)
    error_message = "Use people, phones, chat or machines as the keys of topic_access."
  }
  validation {
    condition = !can(keys(var.topic_access)) || try(alltrue(flatten([
      for access in values(var.topic_access) : [for id in flatten([for list in [lookup(access, "subscriber_account_ids", null)] : tolist(list) if list != null]) : can(regex("^[0-9]{12}$", id))] if access != null
    ])), false)
    error_message = "Write each of subscriber_account_ids in topic_access as the 12 digits of an AWS account, in quotes."
  }
  validation {
    condition = !can(keys(var.topic_access)) || try(alltrue(flatten([
      for access in values(var.topic_access) : [
        for publisher in flatten([for list in [lookup(access, "publishers", null)] : list if list != null]) : can(regex("^[a-z0-9-]+([.][a-z0-9-]+)*[.]amazonaws[.]com([.]cn)?$", publisher.service))
      ] if access != null
    ])), false)
    error_message = "Set service of each of the publishers in topic_access to a service principal, as in events.amazonaws.com."
  }
  validation {
    condition = !can(keys(var.topic_access)) || try(alltrue(flatten([
      for access in values(var.topic_access) : [
        for publisher in flatten([for list in [lookup(access, "publishers", null)] : list if list != null]) : try(length(tolist(publisher.source_arns)) > 0 && alltrue([
          for arn in publisher.source_arns : can(regex("^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:[^*?].*$", arn))
        ]), false)
      ] if access != null
    ])), false)
    error_message = "Name one or more source_arns for each of the publishers in topic_access. Each ARN contains the account, and its resource does not begin with a wildcard: otherwise the service could publish for anybody."
  }
}

variable "spokes" {
  type        = any
  description = "Which accounts and regions may forward events to this installation, through modules/regional-spoke or modules/org-spoke. `organization` is every account of the organization with this `id`; `accounts` are the accounts with these `ids`. With `regional`, other regions of this account may forward. `registry_role_name` is the path and name of the role that the Registry Sensor assumes in a member account; by default that of the role here. By default nobody forwards: the installation watches one region of one account."
  default     = {}
  nullable    = false

  validation {
    condition     = try(length(setsubtract(keys(var.spokes), local.attributes.spokes)) == 0, false)
    error_message = "spokes ${try("has no attribute ${join(", ", setsubtract(keys(var.spokes), local.attributes.spokes))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes.spokes)}."
  }
  validation {
    condition     = !can(keys(var.spokes)) || try(length(setsubtract(flatten([for each in [lookup(var.spokes, "accounts", null)] : keys(each) if each != null]), local.attributes["spokes.accounts"])) == 0, false)
    error_message = "spokes.accounts ${try("has no attribute ${join(", ", setsubtract(flatten([for each in [lookup(var.spokes, "accounts", null)] : keys(each) if each != null]), local.attributes["spokes.accounts"]))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes["spokes.accounts"])}."
  }
  validation {
    condition     = !can(keys(var.spokes)) || try(alltrue([for each in [lookup(var.spokes, "organization", null)] : can(regex("^o-[a-z0-9]{10,32}$", each.id)) if each != null]), false)
    error_message = "Set spokes.organization.id to the id of an AWS organization, as in o-a1b2c3d4e5."
  }
  validation {
    condition     = !can(keys(var.spokes)) || try(alltrue([for account in try(var.spokes.accounts.ids, []) : can(regex("^[0-9]{12}$", account))]), false)
    error_message = "Write each of spokes.accounts.ids as the 12 digits of an AWS account, in quotes."
  }
  validation {
    condition     = !can(keys(var.spokes)) || try(lookup(var.spokes, "organization", null) == null || lookup(var.spokes, "accounts", null) == null, false)
    error_message = "Give either spokes.organization or spokes.accounts, not both."
  }
  validation {
    condition     = !can(keys(var.spokes)) || try(alltrue([for each in [lookup(var.spokes, "accounts", null)] : contains(range(1, 51), length(tolist(each.ids))) if each != null]), false)
    error_message = "Name 1 to 50 accounts in spokes.accounts.ids, because a policy holds no more. For more accounts, set spokes.organization."
  }
  validation {
    condition     = !can(keys(var.spokes)) || try(alltrue([for name in [try(var.spokes.registry_role_name, null)] : can(regex("^([!-.0-~]+/)*[A-Za-z0-9_+=,.@-]{1,64}$", name)) if name != null]), false)
    error_message = "Set spokes.registry_role_name to the path and name of an IAM role without a leading slash, as in security/qualys."
  }
  validation {
    condition     = !can(keys(var.spokes)) || try(alltrue([for given in [try(var.spokes.regional, null)] : contains([true, false], given) if given != null]), false)
    error_message = "Set spokes.regional to true or false, without quotes."
  }
}

variable "notify" {
  type        = any
  description = "What is notified. `min_severity`: the lowest severity of the findings (critical, high, medium or low). `on`: \"new\" notifies a workload of findings that it was not notified of before at this severity, \"all\" of all of them with each version; if it is unknown what a workload was notified of, all findings count as new. `potential`: findings that Qualys calls potential, too. `only_fixable`: only findings that have a patch or a fixed version. `timeout` and `error`: these verdicts. `unscannable`: images that run and cannot be scanned; `each` notifies at once, `daily` in the daily digest, `off` never. By default: high, new and confirmed findings, TIMEOUT and ERROR at once, and unscannable images daily; these at once, too, without a `reconcile_schedule`, because the reconciliation sends the digest."
  default     = {}
  nullable    = false

  validation {
    condition     = try(length(setsubtract(keys(var.notify), local.attributes.notify)) == 0, false)
    error_message = "notify ${try("has no attribute ${join(", ", setsubtract(keys(var.notify), local.attributes.notify))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes.notify)}."
  }
  validation {
    condition     = try(alltrue([for severity in [try(var.notify.min_severity, null)] : contains(["critical", "high", "medium", "low"], severity) if severity != null]), false)
    error_message = "Set notify.min_severity to critical, high, medium or low."
  }
  validation {
    condition     = try(alltrue([for which in [try(var.notify.on, null)] : contains(["new", "all"], which) if which != null]), false)
    error_message = "Set notify.on to new or all."
  }
  validation {
    condition     = try(alltrue([for how in [try(var.notify.unscannable, null)] : contains(["each", "daily", "off"], how) if how != null]), false)
    error_message = "Set notify.unscannable to each, daily or off."
  }
  validation {
    condition     = try(alltrue([for how in [try(var.notify.unscannable, null)] : how != "daily" || var.reconcile_schedule != null if how != null]), false)
    error_message = "The reconciliation sends the daily digest: set reconcile_schedule, or set notify.unscannable to each or off."
  }
  validation {
    condition     = can([for name in ["potential", "only_fixable", "timeout", "error"] : tobool(try(var.notify[name], null))])
    error_message = "Set potential, only_fixable, timeout and error of notify to true or false."
  }
}

variable "owners" {
  type        = any
  description = "Which team owns a workload. `tag` is the key of the tag that names the team on an ECS service, a task definition or an ECR repository; team by default. `topics` are ARNs of a team's own topics, by team and by kind of reader (`people`, `phones`, `chat`, `machines`). These topics get the notifications of the team as well. No topics by default."
  default     = {}
  nullable    = false

  validation {
    condition     = try(length(setsubtract(keys(var.owners), local.attributes.owners)) == 0, false)
    error_message = "owners ${try("has no attribute ${join(", ", setsubtract(keys(var.owners), local.attributes.owners))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes.owners)}."
  }
  validation {
    condition     = !can(keys(var.owners)) || try(length(setsubtract(flatten([for each in [lookup(var.owners, "topics", null)] : [for topics in values(each) : keys(topics)] if each != null]), local.attributes["owners.topics.*"])) == 0, false)
    error_message = "A team in owners.topics ${try("has no attribute ${join(", ", setsubtract(flatten([for each in [lookup(var.owners, "topics", null)] : [for topics in values(each) : keys(topics)] if each != null]), local.attributes["owners.topics.*"]))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes["owners.topics.*"])}."
  }
  validation {
    condition     = !can(keys(var.owners)) || try(alltrue([for tag in [try(var.owners.tag, null)] : can(regex("^[-A-Za-z0-9 _.:/=+@]{1,128}$", tag)) if tag != null]), false)
    error_message = "Set owners.tag to the key of a tag: 1 to 128 letters, digits, spaces or any of - _ . : / = + @."
  }
  validation {
    condition = !can(keys(var.owners)) || try(alltrue([
      for topics in flatten([for each in [lookup(var.owners, "topics", null)] : values(each) if each != null]) : anytrue([for arn in values(topics) : arn != null]) && alltrue([
        for arn in values(topics) : arn == null || can(regex("^arn:[^:]+:sns:[^:]+:[0-9]{12}:[A-Za-z0-9_-]+$", arn))
      ])
    ]), false)
    error_message = "Give each team in owners.topics one or more topics (people, phones, chat, machines), as ARNs of standard SNS topics."
  }
  validation {
    condition = !can(keys(var.owners)) || try(length(jsonencode([for each in [lookup(var.owners, "topics", null)] : {
      for team, topics in each : team => [for reader in local.attributes["owners.topics.*"] : [reader, try(topics[reader], null)]]
    } if each != null])) <= 2000, false)
    error_message = "The value of owners.topics is too long for a function's environment. Let teams subscribe with a filter on the attribute team instead."
  }
}

variable "exceptions" {
  type        = any
  description = "Findings that you accept for a time. Nobody is notified of them; the counts do not change. Each exception names a `qid` or a `cve`, a `repository` (it may end with `*`), the account of the repository (`account_id`, every account by default), the last day (`until`, YYYY-MM-DD), the `reason` and the `owner`. In the week before its end, the daily digest names it. None by default."
  default     = []
  nullable    = false

  validation {
    condition     = can([for each in var.exceptions : each]) && !can(keys(var.exceptions))
    error_message = "exceptions is not a list of objects. Write each exception in braces, and all of them in brackets, as in [{ qid = 38170, ... }]."
  }
  validation {
    condition     = can(keys(var.exceptions)) || try(length(setsubtract(flatten([for each in var.exceptions : keys(each)]), local.attributes["exceptions.*"])) == 0, false)
    error_message = "An entry of exceptions ${try("has no attribute ${join(", ", setsubtract(flatten([for each in var.exceptions : keys(each)]), local.attributes["exceptions.*"]))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes["exceptions.*"])}."
  }
  validation {
    condition     = can(keys(var.exceptions)) || try(alltrue([for each in var.exceptions : (try(each.qid, null) == null) != (try(each.cve, null) == null)]), false)
    error_message = "Name either a qid or a cve in each exception."
  }
  validation {
    condition     = can(keys(var.exceptions)) || try(alltrue(flatten([for each in var.exceptions : [for qid in [tonumber(try(each.qid, null))] : qid >= 1 && floor(qid) == qid if qid != null]])), false)
    error_message = "Write a qid as a whole number."
  }
  validation {
    condition     = can(keys(var.exceptions)) || try(alltrue(flatten([for each in var.exceptions : [for cve in [try(each.cve, null)] : can(regex("^CVE-[0-9]{4}-[0-9]{4,}$", cve)) if cve != null]])), false)
    error_message = "Write a cve as CVE-2026-1234."
  }
  validation {
    condition     = can(keys(var.exceptions)) || try(alltrue([for each in var.exceptions : can(regex("^[a-z0-9][a-z0-9._/-]{2,}[*]?$", each.repository))]), false)
    error_message = "Write the repository of an exception as its full name, or as its first three or more characters followed by *."
  }
  validation {
    condition     = can(keys(var.exceptions)) || try(alltrue(flatten([for each in var.exceptions : [for id in [try(each.account_id, null)] : can(regex("^[0-9]{12}$", id)) if id != null]])), false)
    error_message = "Write the account_id of an exception as 12 digits in quotes."
  }
  validation {
    condition     = can(keys(var.exceptions)) || try(alltrue([for each in var.exceptions : can(formatdate("YYYY-MM-DD", "${each.until}T00:00:00Z"))]), false)
    error_message = "Write until as a day: 2026-12-31."
  }
  validation {
    condition     = can(keys(var.exceptions)) || try(alltrue([for each in var.exceptions : length(trimspace(each.reason)) >= 10 && length(trimspace(each.owner)) >= 2]), false)
    error_message = "Give each exception an owner, and a reason of at least ten characters."
  }
}

variable "security_hub" {
  type        = bool
  description = "Whether findings are imported into AWS Security Hub, which must be enabled. They go to the Security Hub of the account that owns the image. For a member account, its spoke needs `security_hub` as well. False by default."
  default     = false
}

variable "deployment_gate" {
  type        = any
  description = "The deployment gate: a function that ECS asks before it starts the tasks of a service that has the hook. `mode`: `audit` lets every deployment go on and says what it would have blocked; `enforce` has ECS roll it back. `policy`: which vulnerabilities block (from `min_severity` on, `only_fixable`, `only_exploited`), high and worse by default; malware and secrets always do. `deadline_minutes`: for how long a deployment waits for verdicts. `on_undecided`: whether images without a usable verdict may start (allow or block). `rollback_days`: for how long an image that ran in a service may return. By default (null) there is no gate; `{}` is one in audit mode."
  default     = null

  validation {
    condition     = try(length(setsubtract(flatten([for each in [var.deployment_gate] : keys(each) if each != null]), local.attributes.deployment_gate)) == 0, false)
    error_message = "deployment_gate ${try("has no attribute ${join(", ", setsubtract(flatten([for each in [var.deployment_gate] : keys(each) if each != null]), local.attributes.deployment_gate))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes.deployment_gate)}."
  }
  validation {
    condition     = try(length(setsubtract(flatten([for each in [var.deployment_gate] : [for policy in [lookup(each, "policy", null)] : keys(policy) if policy != null] if can(keys(each))]), local.attributes["deployment_gate.policy"])) == 0, false)
    error_message = "deployment_gate.policy ${try("has no attribute ${join(", ", setsubtract(flatten([for each in [var.deployment_gate] : [for policy in [lookup(each, "policy", null)] : keys(policy) if policy != null] if can(keys(each))]), local.attributes["deployment_gate.policy"]))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes["deployment_gate.policy"])}."
  }
  validation {
    condition = can([
      [for name in ["deadline_minutes", "rollback_days"] : tonumber(try(var.deployment_gate[name], null))], [for name in ["only_fixable", "only_exploited"] : tobool(try(var.deployment_gate.policy[name], null))],
      [for name in ["mode", "on_undecided"] : tostring(try(var.deployment_gate[name], null))], tostring(try(var.deployment_gate.policy.min_severity, null)),
    ])
    error_message = "Set deadline_minutes and rollback_days of deployment_gate to numbers, only_fixable and only_exploited of its policy to true or false, and mode, on_undecided and policy.min_severity to words."
  }
}

variable "lambda_package" {
  type        = any
  description = "Lambda code that `make package` built before: the `path` of a local zip, or an `s3` object (`bucket`, `key`, `version`). Terraform sees a change of the object by its key or version. By default (null) apply builds the code. That needs Python 3.9 or newer, pip and a package index."
  default     = null

  validation {
    condition     = try(length(setsubtract(flatten([for each in [var.lambda_package] : keys(each) if each != null]), local.attributes.lambda_package)) == 0, false)
    error_message = "lambda_package ${try("has no attribute ${join(", ", setsubtract(flatten([for each in [var.lambda_package] : keys(each) if each != null]), local.attributes.lambda_package))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes.lambda_package)}."
  }
  validation {
    condition     = try(length(setsubtract(flatten([for each in [var.lambda_package] : [for s3 in [lookup(each, "s3", null)] : keys(s3) if s3 != null] if can(keys(each))]), local.attributes["lambda_package.s3"])) == 0, false)
    error_message = "lambda_package.s3 ${try("has no attribute ${join(", ", setsubtract(flatten([for each in [var.lambda_package] : [for s3 in [lookup(each, "s3", null)] : keys(s3) if s3 != null] if can(keys(each))]), local.attributes["lambda_package.s3"]))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes["lambda_package.s3"])}."
  }
  validation {
    condition     = try(var.lambda_package == null || (try(var.lambda_package.path, null) == null) != (try(var.lambda_package.s3, null) == null), false)
    error_message = "Give lambda_package either path or s3, or leave it out: then apply builds the code."
  }
  validation {
    condition = can(tostring(try(var.lambda_package.path, null))) && try(alltrue([
      for s3 in [for each in [var.lambda_package] : lookup(each, "s3", null) if can(keys(each))] : tostring(s3.bucket) != null && tostring(s3.key) != null && can(tostring(try(s3.version, null))) if s3 != null
    ]), false)
    error_message = "Set lambda_package.path, or bucket and key of lambda_package.s3, to text. A version of the object is text, too."
  }
}

variable "name_prefix" {
  type        = string
  description = "Every name in AWS begins with this prefix, so that two installations in one account do not collide. qualys-image-scan by default."
  default     = "qualys-image-scan"

  validation {
    condition     = length(var.name_prefix) >= 3 && length(var.name_prefix) <= 28 && can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name_prefix)) && !startswith(var.name_prefix, "sthree-")
    error_message = "Set name_prefix to 3 to 28 lower-case letters, digits and single hyphens. It begins with a letter, does not end with a hyphen, and does not begin with sthree-: a bucket and roles are named after it."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags of every resource that can have tags. By default none besides the provider's default_tags."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")])
    error_message = "Choose other keys in tags: those that begin with aws: are reserved."
  }
}

variable "iam_path" {
  type        = string
  description = "Path of every role. By default the root path, /."
  default     = "/"

  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.iam_path))
    error_message = "Begin and end iam_path with a slash, as in /security/."
  }
}

variable "permissions_boundary_arn" {
  type        = string
  description = "ARN of the policy that is the permissions boundary of every role. None by default."
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "Set permissions_boundary_arn to the ARN of an IAM policy."
  }
}

variable "kms_key" {
  type        = object({ arn = string })
  description = "An existing key, given by its `arn`, that encrypts everything. modules/encryption lists what its policy needs. By default (null) a key with yearly rotation is created. It costs 1 USD a month, and 1 USD a month more after each of its first two rotations."
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key.arn))
    error_message = "Set kms_key.arn to the ARN of a key, not of an alias."
  }
}

variable "network" {
  type        = any
  description = "The network of the functions. `vpc`: subnets and security groups that they run in (`subnet_ids`, `security_group_ids`); the Qualys API and the AWS APIs must be reachable from there. `https_proxy`: the proxy for both, except for the hosts in `no_proxy`. `ca_bundle`: certificates (`pem`) that the functions trust for Qualys, besides the public ones. No VPC, proxy or bundle by default."
  default     = {}
  nullable    = false

  validation {
    condition     = try(length(setsubtract(keys(var.network), local.attributes.network)) == 0, false)
    error_message = "network ${try("has no attribute ${join(", ", setsubtract(keys(var.network), local.attributes.network))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes.network)}."
  }
  validation {
    condition     = !can(keys(var.network)) || try(length(setsubtract(flatten([for each in [lookup(var.network, "vpc", null)] : keys(each) if each != null]), local.attributes["network.vpc"])) == 0, false)
    error_message = "network.vpc ${try("has no attribute ${join(", ", setsubtract(flatten([for each in [lookup(var.network, "vpc", null)] : keys(each) if each != null]), local.attributes["network.vpc"]))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes["network.vpc"])}."
  }
  validation {
    condition     = !can(keys(var.network)) || try(length(setsubtract(flatten([for each in [lookup(var.network, "ca_bundle", null)] : keys(each) if each != null]), local.attributes["network.ca_bundle"])) == 0, false)
    error_message = "network.ca_bundle ${try("has no attribute ${join(", ", setsubtract(flatten([for each in [lookup(var.network, "ca_bundle", null)] : keys(each) if each != null]), local.attributes["network.ca_bundle"]))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes["network.ca_bundle"])}."
  }
  validation {
    condition     = !can(keys(var.network)) || try(alltrue([for vpc in [lookup(var.network, "vpc", null)] : length([for id in tolist(vpc.subnet_ids) : tostring(id)]) > 0 && length([for id in tolist(vpc.security_group_ids) : tostring(id)]) > 0 if vpc != null]), false)
    error_message = "Name subnets and security groups in network.vpc, or leave it out."
  }
  validation {
    # The condition loops over the whole object. So the error does not print the URL, which may contain a password.
    condition     = !can(keys(var.network)) || try(alltrue([for name, value in var.network : value == null || can(regex("^https?://[^/@[:space:]]+/?$", value)) if name == "https_proxy"]), false)
    error_message = "Set network.https_proxy to http://<host>:<port>. Write the proxy's user and password into the secret, as proxy_user and proxy_password (qualys_credentials has both keys). Here they would be in the plan, the state and each function's environment."
  }
  validation {
    condition = !can(keys(var.network)) || try(alltrue(flatten([for hosts in [try(var.network.no_proxy, null)] : [
      for entry in split(",", hosts == "*" ? "" : hosts) : can(regex("^([.]?[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)*)?$", trimspace(entry)))
    ] if hosts != null])), false)
    error_message = "Python ignores a part of network.no_proxy. Write names and addresses of hosts, separated by commas. A name includes its subdomains. A wildcard, a port, a scheme or an address range has no effect. Of your value, this remains: \"${try(join(",", compact([for entry in split(",", replace(var.network.no_proxy, "/[;|[:space:]]+/", ",")) : replace(replace(replace(entry, "/^[a-z]+:[/][/]/", ""), "/^[*.]+/", "."), "/[:/].*$/", "") if !can(regex("^[0-9.]+/[0-9]+$", entry))])), "")}\""
  }
  validation {
    # It loops over the whole object for the same reason: the bundle may contain a key. A certificate is a DER sequence, whose base64 begins with MI.
    condition = !can(keys(var.network)) || try(alltrue([for name, value in var.network : value == null || try(
      can(regex("BEGIN CERTIFICATE", value.pem)) && !can(regex("PRIVATE KEY", value.pem)) && alltrue([
        for block in regexall("-----BEGIN CERTIFICATE-----[^-]*(?:-----END CERTIFICATE-----)?", value.pem) :
        can(regex("^-----BEGINCERTIFICATE-----MI[A-Za-z0-9+/]{2}([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?-----ENDCERTIFICATE-----$", replace(block, "/[[:space:]]/", "")))
      ]), false) if name == "ca_bundle"
    ]), false)
    error_message = "Set network.ca_bundle.pem to certificates in PEM, as in file(\"ca.pem\"), without a key."
  }
  validation {
    condition     = !can(keys(var.network)) || try(alltrue([for name, value in var.network : value == null || try(length(base64encode(value.pem)), 0) <= 87380 if name == "ca_bundle"]), false)
    error_message = "Give fewer certificates in network.ca_bundle.pem: Secrets Manager stores at most 65,535 bytes. The public ones are trusted already."
  }
}

variable "log" {
  type        = any
  description = "`level` is the lowest level that the functions log: DEBUG, INFO, WARNING or ERROR. `retention_days` is for how many days every log group stores its entries, and `trail_retention_days` for how many days the bucket of the created trail stores its files. INFO, 365 and 90 by default."
  default     = {}
  nullable    = false

  validation {
    condition     = try(length(setsubtract(keys(var.log), local.attributes.log)) == 0, false)
    error_message = "log ${try("has no attribute ${join(", ", setsubtract(keys(var.log), local.attributes.log))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes.log)}."
  }
  validation {
    condition     = try(alltrue([for level in [try(var.log.level, null)] : contains(["DEBUG", "INFO", "WARNING", "ERROR"], level) if level != null]), false)
    error_message = "Set log.level to DEBUG, INFO, WARNING or ERROR."
  }
  validation {
    condition = try(alltrue([
      for days in [tonumber(try(var.log.retention_days, null))] :
      contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], days) if days != null
    ]), false)
    error_message = "Set log.retention_days to a number that CloudWatch Logs takes: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
  validation {
    condition     = try(alltrue([for days in [tonumber(try(var.log.trail_retention_days, null))] : days >= 1 && days <= 3653 && floor(days) == days if days != null]), false)
    error_message = "Set log.trail_retention_days to a whole number from 1 to 3653."
  }
}

variable "task_events" {
  type        = bool
  description = "Whether a task that starts counts as a deployment, too. ECS reports tasks without a trail. It also reports tasks that no call starts, such as those of rollbacks and of CodeDeploy. True by default."
  default     = true
}

variable "reconcile_schedule" {
  type        = string
  description = "When the reconciliation runs, which scans running images that have no verdict. Write it for EventBridge Scheduler: rate(...) or cron(...). Once a day by default. With null it runs on demand only (make backfill), and there is no daily digest."
  default     = "rate(1 day)"

  validation {
    condition     = var.reconcile_schedule == null || can(regex("^(rate|cron)\\(.+\\)$", var.reconcile_schedule))
    error_message = "Set reconcile_schedule to rate(...) or cron(...)."
  }
}

variable "create_dashboard" {
  type        = bool
  description = "Whether to create a CloudWatch dashboard of verdicts, coverage, overdue findings, time, cost, queues and failures. True by default. An account has three free dashboards; each further one costs 3 USD a month."
  default     = true
}

variable "create_trail" {
  type        = bool
  description = "Whether to create a CloudTrail trail. Without a trail, EventBridge sees no ECS call. True by default. The first copy of an account's management events is free; a second copy costs 2 USD per 100,000 write events. Set it to false if another trail, such as an organization trail, already logs write management events in this region. `log.trail_retention_days` says for how long its files are stored."
  default     = true
}
