# What an installation is given: the subscription, what is scanned, who is notified, how it sits in its account.

variable "qualys_pod" {
  type        = string
  description = "Qualys platform of the subscription: US1, US2, US3, US4, EU1, EU2, EU3, IN1, CA1, AE1, UK1, AU1, KSA1 or GOV1. Needed (null by default) unless qualys_gateway_url is given; without it, notifications have no link to the image at Qualys."
  default     = null

  validation {
    condition     = var.qualys_pod == null || contains(keys(local.qualys_gateways), coalesce(var.qualys_pod, "none"))
    error_message = "Set qualys_pod to one of ${join(", ", keys(local.qualys_gateways))}; for a private platform leave it out and set qualys_gateway_url."
  }
  validation {
    condition     = var.qualys_pod != null || var.qualys_gateway_url != null
    error_message = "Set qualys_pod, or qualys_gateway_url for a private platform."
  }
}

variable "qualys_gateway_url" {
  type        = string
  description = "Base URL of the Qualys API, for a private platform: https, or http to this machine alone. By default (null) that of qualys_pod; given, it goes before the pod."
  default     = null

  validation {
    condition = var.qualys_gateway_url == null || can(regex(
      "^(https://[A-Za-z0-9.-]+|http://(localhost|127[.]0[.]0[.]1|\\[::1\\]))(:[0-9]{1,5})?/?$", var.qualys_gateway_url
    ))
    error_message = "Set qualys_gateway_url to https://<host>[:<port>] with no path; http is taken for localhost, 127.0.0.1 and [::1] only, because the credential travels with every call."
  }
}

variable "qualys_credentials" {
  type = object({
    token         = optional(string)
    username      = optional(string)
    password      = optional(string)
    client_id     = optional(string)
    client_secret = optional(string)

    proxy_user     = optional(string)
    proxy_password = optional(string)
  })
  description = "What the functions authenticate with at Qualys: `token`, or `username` with `password`, or `client_id` with `client_secret`; and `proxy_user` with `proxy_password` where the proxy of `network` asks for them. Stored in a new secret; ephemeral, so it is in neither plan nor state, and is asked for at every run. Null by default: then qualys_secret is used."
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = (var.qualys_credentials == null) != (var.qualys_secret == null)
    error_message = "Set either qualys_credentials or qualys_secret; not both, not neither."
  }
  validation {
    condition = var.qualys_credentials == null || contains(
      ["token", "password,username", "client_id,client_secret"],
      join(",", sort([for name, value in coalesce(var.qualys_credentials, {}) : name if try(trimspace(value), "") != "" && !startswith(name, "proxy_")])),
    )
    error_message = "Give qualys_credentials exactly one kind of credential: token, or username with password, or client_id with client_secret."
  }
  validation {
    condition = var.qualys_credentials == null || contains(
      ["", "proxy_password,proxy_user"],
      join(",", sort([for name, value in coalesce(var.qualys_credentials, {}) : name if try(trimspace(value), "") != "" && startswith(name, "proxy_")])),
    )
    error_message = "Give proxy_user and proxy_password of qualys_credentials together."
  }
  validation {
    condition     = var.qualys_credentials == null || !can(regex(":", var.qualys_credentials.proxy_user))
    error_message = "Give proxy_user of qualys_credentials without a colon: a proxy would take the rest for the password."
  }
}

variable "qualys_credentials_version" {
  type        = number
  description = "Raise it to have changed qualys_credentials written: Terraform cannot see that they changed. 1 by default."
  default     = 1

  validation {
    condition     = var.qualys_credentials_version >= 1 && floor(var.qualys_credentials_version) == var.qualys_credentials_version
    error_message = "Set qualys_credentials_version to a whole number from 1 up."
  }
}

variable "qualys_secret" {
  type        = object({ arn = string })
  description = "An existing secret in this region, by its `arn`. Its value is the JSON of one credential as in qualys_credentials, with proxy_user and proxy_password where they are needed. By default (null) a secret is created."
  default     = null

  validation {
    condition     = var.qualys_secret == null || can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+-[A-Za-z0-9]{6}$", var.qualys_secret.arn))
    error_message = "Set qualys_secret.arn to the full ARN of a Secrets Manager secret, with the six characters at its end: policies compare all of it."
  }
}

variable "registry_role" {
  type = object({
    existing_arn      = optional(string)
    qualys_account_id = optional(string)
    external_id       = optional(string)
  })
  description = "The role that the Qualys Registry Sensor assumes to pull images: `existing_arn` to use one that exists, or `qualys_account_id` with `external_id` to have one created that trusts Qualys. `GET <gateway>/csapi/v1.3/registry/aws-base` gives both."

  validation {
    condition     = (var.registry_role.existing_arn == null) != (var.registry_role.qualys_account_id == null && var.registry_role.external_id == null)
    error_message = "Give registry_role either existing_arn, or qualys_account_id with external_id; not both, not neither."
  }
  validation {
    condition     = (var.registry_role.qualys_account_id == null) == (var.registry_role.external_id == null)
    error_message = "Give registry_role.qualys_account_id and registry_role.external_id together."
  }
  validation {
    condition     = var.registry_role.existing_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", var.registry_role.existing_arn))
    error_message = "Set registry_role.existing_arn to the ARN of an IAM role."
  }
  validation {
    condition     = var.registry_role.qualys_account_id == null || can(regex("^[0-9]{12}$", var.registry_role.qualys_account_id))
    error_message = "Set registry_role.qualys_account_id to the 12 digits of Qualys' AWS account, in quotes."
  }
  validation {
    condition     = var.registry_role.external_id == null || can(regex("^[A-Za-z0-9+=,.@:/_-]{2,}$", var.registry_role.external_id))
    error_message = "Set registry_role.external_id to at least two letters, digits or any of + = , . @ : / _ -."
  }
}

variable "scan_polling" {
  type = object({
    interval_seconds = optional(number, 60)
    max_polls        = optional(number, 30)
  })
  description = "How often, and how many times, Qualys is asked whether a scan has finished. Every 60 seconds and 30 times by default; then the verdict is TIMEOUT."
  default     = {}
  nullable    = false

  validation {
    condition     = var.scan_polling.interval_seconds >= 1 && var.scan_polling.interval_seconds <= 900 && floor(var.scan_polling.interval_seconds) == var.scan_polling.interval_seconds
    error_message = "Set scan_polling.interval_seconds to a whole number from 1 to 900."
  }
  validation {
    condition     = var.scan_polling.max_polls >= 1 && var.scan_polling.max_polls <= 500 && floor(var.scan_polling.max_polls) == var.scan_polling.max_polls
    error_message = "Set scan_polling.max_polls to a whole number from 1 to 500."
  }
}

variable "max_concurrent_scans" {
  type        = number
  description = "How many scans are at Qualys at once: what the sensors finish within one scan's polls. More wait for their turn, for an hour or so, and are queued in the failed-events queue after that. 100 by default."
  default     = 100

  validation {
    condition     = var.max_concurrent_scans >= 1 && var.max_concurrent_scans <= 1000 && floor(var.max_concurrent_scans) == var.max_concurrent_scans
    error_message = "Set max_concurrent_scans to a whole number from 1 to 1000."
  }
}

variable "require_examined" {
  type        = list(string)
  description = "What an image must have been examined for to be CLEAN: vulnerabilities, and malware or secrets where the registry sensor is set up to look for them. An image that was not examined for one of them ends as ERROR, or as FINDINGS with that gap in the reason where malware, or something critical or high, was found. Only vulnerabilities by default."
  default     = ["vulnerabilities"]
  nullable    = false

  validation {
    condition     = contains(var.require_examined, "vulnerabilities") && length(setsubtract(var.require_examined, ["vulnerabilities", "malware", "secrets"])) == 0
    error_message = "Set require_examined to a list of vulnerabilities with, where you want it, malware and secrets."
  }
}

variable "cache_ttl_days" {
  type        = number
  description = "Days for which a verdict is stored and its image is not scanned again. 7 by default."
  default     = 7

  validation {
    condition     = var.cache_ttl_days >= 1 && var.cache_ttl_days <= 365 && floor(var.cache_ttl_days) == var.cache_ttl_days
    error_message = "Set cache_ttl_days to a whole number from 1 to 365."
  }
}

variable "notification_email_addresses" {
  type        = set(string)
  description = "Addresses that are subscribed to the topic of people, for notifications and alarms; AWS mails each a link, which has to be confirmed within 48 hours; after that, apply again. None by default: subscribe to one of the topic_arns yourself."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.notification_email_addresses : can(regex("^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$", address))])
    error_message = "Write each of notification_email_addresses as name@example.com."
  }
}

variable "topic_access" {
  type = map(object({
    subscriber_account_ids = optional(set(string), [])
    publishers = optional(list(object({
      service     = string
      source_arns = set(string)
    })), [])
  }))
  description = "Who else may use the topic of a reader (`people`, `phones`, `chat` or `machines`): accounts that may subscribe (`subscriber_account_ids`), and AWS services that may publish for the resources in `source_arns` (`publishers`). By default (none) principals of this account may subscribe, as far as their own policies allow, and CloudWatch alarms of this account may publish."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for access in values(var.topic_access) : access != null && alltrue([for publisher in try(access.publishers, []) : publisher != null])])
    error_message = "Leave out of topic_access what is null: a key, or an entry of its publishers."
  }
  validation {
    condition     = length(setsubtract(keys(var.topic_access), ["people", "phones", "chat", "machines"])) == 0
    error_message = "Use people, phones, chat or machines as the keys of topic_access."
  }
  validation {
    condition = alltrue(flatten([
      for access in values(var.topic_access) : [for id in try(access.subscriber_account_ids, []) : can(regex("^[0-9]{12}$", id))]
    ]))
    error_message = "Write each of subscriber_account_ids in topic_access as the 12 digits of an AWS account, in quotes."
  }
  validation {
    condition = alltrue(flatten([
      for access in values(var.topic_access) : [
        for publisher in try(access.publishers, []) : can(regex("^[a-z0-9-]+([.][a-z0-9-]+)*[.]amazonaws[.]com([.]cn)?$", publisher.service))
      ]
    ]))
    error_message = "Set service of each of the publishers in topic_access to a service principal, as in events.amazonaws.com."
  }
  validation {
    condition = alltrue(flatten([
      for access in values(var.topic_access) : [
        for publisher in try(access.publishers, []) : try(length(publisher.source_arns) > 0 && alltrue([
          for arn in publisher.source_arns : can(regex("^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:[^*?].*$", arn))
        ]), false)
      ]
    ]))
    error_message = "Name one or more source_arns for each of the publishers in topic_access. Each has the account in it, and says more than an asterisk of the resource: otherwise the service would publish for anybody."
  }
}

variable "spokes" {
  type = object({
    organization = optional(object({
      id = string
    }))
    accounts = optional(object({
      ids = set(string)
    }))
    regional           = optional(bool, false)
    registry_role_name = optional(string)
  })
  description = "Who forwards events to here, through modules/regional-spoke or modules/org-spoke: every account of the `organization` with this `id`, or the `accounts` with these `ids`; with `regional`, other regions of this account. In a member account the Registry Sensor is given the role `registry_role_name`, path included, by default named as the one here. Nobody by default: one region of one account."
  default     = {}
  nullable    = false

  validation {
    condition     = var.spokes.organization == null || can(regex("^o-[a-z0-9]{10,32}$", var.spokes.organization.id))
    error_message = "Set spokes.organization.id to the id of an AWS organization, as in o-a1b2c3d4e5."
  }
  validation {
    condition     = alltrue([for account in try(var.spokes.accounts.ids, []) : can(regex("^[0-9]{12}$", account))])
    error_message = "Write each of spokes.accounts.ids as the 12 digits of an AWS account, in quotes."
  }
  validation {
    condition     = var.spokes.organization == null || var.spokes.accounts == null
    error_message = "Give either spokes.organization or spokes.accounts, not both."
  }
  validation {
    condition     = var.spokes.accounts == null ? true : contains(range(1, 51), length(var.spokes.accounts.ids))
    error_message = "Name 1 to 50 of spokes.accounts.ids, as a policy holds no more; for more set spokes.organization."
  }
  validation {
    condition     = var.spokes.registry_role_name == null || can(regex("^([!-.0-~]+/)*[A-Za-z0-9_+=,.@-]{1,64}$", var.spokes.registry_role_name))
    error_message = "Set spokes.registry_role_name to the path and name of an IAM role without a leading slash, as in security/qualys."
  }
}

variable "notification_min_severity" {
  type        = string
  description = "The lowest severity of a finding that is notified: critical, high, medium or low. high by default."
  default     = "high"

  validation {
    condition     = contains(["critical", "high", "medium", "low"], var.notification_min_severity)
    error_message = "Set notification_min_severity to critical, high, medium or low."
  }
}

variable "notify_on" {
  type        = string
  description = "Whether a workload is notified of \"new\" findings only, which it was not notified of before at this severity, or of \"all\" at each scan. new by default; where it is unknown what it was notified of, all count as new."
  default     = "new"

  validation {
    condition     = contains(["new", "all"], var.notify_on)
    error_message = "Set notify_on to new or all."
  }
}

variable "notify" {
  type = object({
    potential    = optional(bool, false)
    only_fixable = optional(bool, false)
    timeout      = optional(bool, true)
    error        = optional(bool, true)
    unscannable  = optional(string, "daily")
  })
  description = "What else counts: `potential` findings, `only_fixable` ones, the verdicts `timeout` and `error`, and `unscannable`: each, daily or off. By default confirmed findings, TIMEOUT and ERROR, and what runs unscannable in a daily digest."
  default     = {}
  nullable    = false

  validation {
    condition     = contains(["each", "daily", "off"], var.notify.unscannable)
    error_message = "Set notify.unscannable to each, daily or off."
  }

  validation {
    condition     = var.notify.unscannable != "daily" || var.reconcile_schedule != null
    error_message = "The daily digest comes with the reconciliation: set reconcile_schedule, or notify.unscannable to each or off."
  }
}

variable "owners" {
  type = object({
    tag = optional(string, "team")
    topics = optional(map(object({
      people   = optional(string)
      phones   = optional(string)
      chat     = optional(string)
      machines = optional(string)
    })), {})
  })
  description = "Which team owns a workload: the key of the `tag` that names the team on an ECS service, a task definition or an ECR repository (team by default), and `topics`: ARNs of topics, by team and by who subscribes to them (`people`, `phones`, `chat`, `machines`), that get the notifications of that team as well."
  default     = {}
  nullable    = false

  validation {
    condition     = can(regex("^[-A-Za-z0-9 _.:/=+@]{1,128}$", var.owners.tag))
    error_message = "Set the tag of owners to the key of a tag."
  }

  validation {
    condition = alltrue([
      for topics in values(var.owners.topics) : anytrue([for arn in values(topics) : arn != null]) && alltrue([
        for arn in values(topics) : arn == null || can(regex("^arn:[^:]+:sns:[^:]+:[0-9]{12}:[A-Za-z0-9_-]+$", arn))
      ])
    ])
    error_message = "Give each team in the topics of owners one topic or more (people, phones, chat, machines), as ARNs of standard SNS topics."
  }

  validation {
    condition     = length(jsonencode(var.owners.topics)) <= 2000
    error_message = "The topics of owners are more than a function's environment holds: have teams subscribe with a filter on the attribute team instead."
  }
}

variable "exceptions" {
  type = list(object({
    qid        = optional(number)
    cve        = optional(string)
    repository = string
    until      = string
    reason     = string
    owner      = string
  }))
  description = "Findings that you accept for a time: nobody is notified of them, and the counts stay as they are. Each names a `qid` or a `cve`, a `repository` (`*` may end it), the last day (`until`, YYYY-MM-DD), the `reason` and the `owner`. A week before its end the daily digest names it. None by default."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for each in var.exceptions : (each.qid == null) != (each.cve == null)])
    error_message = "Name either a qid or a cve in each of exceptions."
  }

  validation {
    condition     = alltrue([for each in var.exceptions : each.qid == null ? true : each.qid >= 1 && floor(each.qid) == each.qid])
    error_message = "Write a qid as a whole number."
  }

  validation {
    condition     = alltrue([for each in var.exceptions : each.cve == null ? true : can(regex("^CVE-[0-9]{4}-[0-9]{4,}$", each.cve))])
    error_message = "Write a cve as CVE-2026-1234."
  }

  validation {
    condition     = alltrue([for each in var.exceptions : can(regex("^[a-z0-9][a-z0-9._/-]{2,}[*]?$", each.repository))])
    error_message = "Write the repository of an exception as its name, or as at least three characters of it and * at the end."
  }

  validation {
    condition     = alltrue([for each in var.exceptions : can(formatdate("YYYY-MM-DD", "${each.until}T00:00:00Z"))])
    error_message = "Write until as a day: 2026-12-31."
  }

  validation {
    condition     = alltrue([for each in var.exceptions : try(timecmp("${each.until}T23:59:59Z", plantimestamp()) >= 0, true)])
    error_message = "An exception has ended: take it away, or give it a new until and reason."
  }

  validation {
    condition     = alltrue([for each in var.exceptions : length(trimspace(each.reason)) >= 10 && length(trimspace(each.owner)) >= 2])
    error_message = "Give each exception an owner, and a reason of at least ten characters."
  }
}

variable "security_hub" {
  type        = bool
  description = "Whether findings go to AWS Security Hub, which must be enabled: to that of the account that owns the image, a member's where its spoke has `security_hub`, too. False by default."
  default     = false
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
  description = "Lambda code made beforehand by `make package`: a local zip's `path`, or an `s3` object, whose change is seen by its key or version. By default (null) apply builds it, for which it needs Python 3.9 or newer, pip and a package index."
  default     = null

  validation {
    condition     = var.lambda_package == null || (try(var.lambda_package.path, null) == null) != (try(var.lambda_package.s3, null) == null)
    error_message = "Give lambda_package either path or s3, or leave it out to have the code built."
  }
}

variable "name_prefix" {
  type        = string
  description = "Every name in AWS begins with it, so that two installations in one account do not collide. qualys-image-scan by default."
  default     = "qualys-image-scan"

  validation {
    condition     = length(var.name_prefix) >= 3 && length(var.name_prefix) <= 28 && can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name_prefix)) && !startswith(var.name_prefix, "sthree-")
    error_message = "Set name_prefix to 3 to 28 lower-case letters, digits and single hyphens. It begins with a letter, does not end with a hyphen, and does not begin with sthree-: a bucket and roles are named after it."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything that can have tags. None by default, beside the provider's default_tags."
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
  description = "ARN of the policy that is set as permissions boundary of every role. None by default."
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "Set permissions_boundary_arn to the ARN of an IAM policy."
  }
}

variable "kms_key" {
  type        = object({ arn = string })
  description = "A key to encrypt everything with, by its `arn`; modules/encryption says what its policy needs. By default (null) a key with yearly rotation is created, for 1 USD a month, and 1 USD more for each of its first two rotations."
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key.arn))
    error_message = "Set kms_key.arn to the ARN of a key, not of an alias."
  }
}

variable "network" {
  type = object({
    vpc = optional(object({
      subnet_ids         = list(string)
      security_group_ids = list(string)
    }))
    https_proxy = optional(string)
    no_proxy    = optional(string)
    ca_bundle   = optional(object({ pem = string }))
  })
  description = "Where the functions run: `vpc` puts them into subnets of a VPC, from which they must reach the Qualys API and the AWS APIs; `https_proxy` is used for both, except for the hosts in `no_proxy`; certificates in `ca_bundle` (`pem`) are trusted for Qualys, beside the public ones. No VPC, proxy or bundle by default."
  default     = {}
  nullable    = false

  validation {
    condition     = var.network.vpc == null ? true : length(var.network.vpc.subnet_ids) > 0 && length(var.network.vpc.security_group_ids) > 0
    error_message = "Name subnets and security groups in network.vpc, or leave it out."
  }
  validation {
    # Over the object, so that the error does not print the URL, which may have a password.
    condition     = alltrue([for name, value in var.network : value == null || can(regex("^https?://[^/@[:space:]]+/?$", value)) if name == "https_proxy"])
    error_message = "Set network.https_proxy to http://<host>:<port>. A user and password for the proxy belong into the secret, as proxy_user and proxy_password (qualys_credentials has them, too): here they would be in plan, state and each function's environment."
  }
  validation {
    condition = var.network.no_proxy == null || var.network.no_proxy == "*" || alltrue([
      for entry in split(",", var.network.no_proxy == null ? "" : var.network.no_proxy) :
      can(regex("^([.]?[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)*)?$", trimspace(entry)))
    ])
    error_message = "Python ignores a part of network.no_proxy. Write names and addresses of hosts, separated by commas: a name stands for its subdomains, too; a wildcard, a port, a scheme or an address range does nothing. Of what you gave, this remains: \"${try(join(",", compact([for entry in split(",", replace(var.network.no_proxy, "/[;|[:space:]]+/", ",")) : replace(replace(replace(entry, "/^[a-z]+:[/][/]/", ""), "/^[*.]+/", "."), "/[:/].*$/", "") if !can(regex("^[0-9.]+/[0-9]+$", entry))])), "")}\""
  }
  validation {
    # The same, for a key in the bundle. A certificate is a sequence in DER, of which base64 begins with MI.
    condition = alltrue([for name, value in var.network : value == null || try(
      can(regex("BEGIN CERTIFICATE", value.pem)) && !can(regex("PRIVATE KEY", value.pem)) && alltrue([
        for block in regexall("-----BEGIN CERTIFICATE-----[^-]*(?:-----END CERTIFICATE-----)?", value.pem) :
        can(regex("^-----BEGINCERTIFICATE-----MI[A-Za-z0-9+/]{2}([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?-----ENDCERTIFICATE-----$", replace(block, "/[[:space:]]/", "")))
      ]), false) if name == "ca_bundle"
    ])
    error_message = "Set network.ca_bundle.pem to certificates in PEM, as in file(\"ca.pem\"), without a key."
  }
  validation {
    condition     = alltrue([for name, value in var.network : value == null || try(length(base64encode(value.pem)), 0) <= 87380 if name == "ca_bundle"])
    error_message = "Give fewer certificates in network.ca_bundle.pem: it is stored in Secrets Manager, which takes 65,535 bytes. The public ones are trusted already."
  }
}

variable "log" {
  type = object({
    level          = optional(string, "INFO")
    retention_days = optional(number, 365)
  })
  description = "What the functions log (`level`) and for how many days every log group keeps it (`retention_days`). INFO and 365 by default."
  default     = {}
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log.level)
    error_message = "Set log.level to DEBUG, INFO, WARNING or ERROR."
  }
  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log.retention_days)
    error_message = "Set log.retention_days to a number that CloudWatch Logs takes: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "task_events" {
  type        = bool
  description = "Whether tasks that start count as deployments, too. ECS reports them without a trail, and reports what no call starts: tasks of rollbacks and of CodeDeploy. True by default."
  default     = true
}

variable "reconcile_schedule" {
  type        = string
  description = "When to compare what runs with what has a verdict, as EventBridge Scheduler writes it: rate(...) or cron(...). Once a day by default; null for on demand only (make backfill)."
  default     = "rate(1 day)"

  validation {
    condition     = var.reconcile_schedule == null || can(regex("^(rate|cron)\\(.+\\)$", var.reconcile_schedule))
    error_message = "Set reconcile_schedule to rate(...) or cron(...)."
  }
}

variable "create_dashboard" {
  type        = bool
  description = "Whether to create a CloudWatch dashboard: verdicts, coverage, time, cost, queues and failures. True by default. An account has three free; each further one costs 3 USD a month."
  default     = true
}

variable "create_trail" {
  type        = bool
  description = "Whether to create a CloudTrail trail, without which EventBridge sees no ECS call. True by default. An account's first copy of management events is free, a second costs 2 USD per 100,000 write events: where an organization trail, or another one, already logs write management events in this region, false works the same."
  default     = true
}

variable "trail_retention_days" {
  type        = number
  description = "Days after which the created trail's files are deleted. 90 by default."
  default     = 90

  validation {
    condition     = var.trail_retention_days >= 1 && var.trail_retention_days <= 3653 && floor(var.trail_retention_days) == var.trail_retention_days
    error_message = "Set trail_retention_days to a whole number from 1 to 3653."
  }
}
