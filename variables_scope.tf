# Which workloads and images the installation scans. The functions decide by these rules before anything is scanned.

variable "scope" {
  type = object({
    include = optional(list(object({
      name         = string
      accounts     = optional(list(string), [])
      clusters     = optional(list(string), [])
      services     = optional(list(string), [])
      repositories = optional(list(string), [])
      tags         = optional(map(string), {})
    })), [])
    exclude = optional(list(object({
      name          = string
      accounts      = optional(list(string), [])
      clusters      = optional(list(string), [])
      services      = optional(list(string), [])
      repositories  = optional(list(string), [])
      tags          = optional(map(string), {})
      allow_at_gate = optional(bool, false)
    })), [])
  })
  description = "Which images of which workloads are scanned. What a rule of `exclude` matches is out of scope, and so is what no rule of `include` matches, if there are any. A rule matches where all that it names match: `accounts` that deploy, `clusters`, `services` (or families of tasks without a service), `repositories`, each with `*` as a wildcard, and `tags` of the service or task definition. A fact that is not known leaves nothing out. With `allow_at_gate`, the deployment gate lets what the rule matches start without a verdict. The inventory names the rule (`name`) of each workload that is out of scope. By default everything is in scope."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for rule in flatten(values(var.scope)) : can(regex("^[A-Za-z0-9][A-Za-z0-9 ._/-]{1,39}$", rule.name))])
    error_message = "Give each rule of scope a name of 2 to 40 letters, digits, spaces or any of . _ / -."
  }
  validation {
    condition     = length(distinct([for rule in flatten(values(var.scope)) : rule.name])) == length(flatten(values(var.scope)))
    error_message = "Give each rule of scope a name of its own: the inventory and the report show it."
  }
  validation {
    condition = alltrue([for rule in flatten(values(var.scope)) : length(concat(
      rule.accounts, rule.clusters, rule.services, rule.repositories, keys(rule.tags)
    )) > 0])
    error_message = "Name accounts, clusters, services, repositories or tags in each rule of scope: a rule without any would match everything."
  }
  validation {
    condition     = alltrue(flatten([for rule in flatten(values(var.scope)) : [for account in rule.accounts : can(regex("^[0-9]{12}$", account))]]))
    error_message = "Write each of accounts in scope as the 12 digits of an AWS account, in quotes."
  }
  validation {
    condition = alltrue(flatten([for rule in flatten(values(var.scope)) : [
      for pattern in concat(rule.clusters, rule.services) : can(regex("^[A-Za-z0-9_*-]{1,255}$", pattern))
    ]]))
    error_message = "Write each of clusters and services in scope as a name, not as an ARN: letters, digits, _ and -, with * as a wildcard."
  }
  validation {
    condition = alltrue(flatten([for rule in flatten(values(var.scope)) : [
      for pattern in rule.repositories : can(regex("^[a-z0-9._/*-]{1,256}$", pattern))
    ]]))
    error_message = "Write each of repositories in scope without registry and tag, as in shop/app: lower-case letters, digits and any of . _ / -, with * as a wildcard."
  }
  validation {
    condition = alltrue(flatten([for rule in flatten(values(var.scope)) : [
      for pattern in concat(rule.clusters, rule.services, rule.repositories) :
      !strcontains(pattern, "*") || length(replace(pattern, "/[^A-Za-z0-9]/", "")) >= 2
    ]]))
    error_message = "Write two letters or digits or more beside each * in scope, as in dev-*: a pattern of wildcards alone matches everything."
  }
  validation {
    condition = length(var.scope.include) == 0 || !alltrue([
      for included in var.scope.include : contains([for rule in var.scope.exclude : jsonencode(
        { for name, value in rule : name => value if name != "name" && name != "allow_at_gate" }
      )], jsonencode({ for name, value in included : name => value if name != "name" }))
    ])
    error_message = "Change scope: exclude repeats each rule of include, so nothing would be scanned."
  }
  validation {
    condition = alltrue(flatten([for rule in flatten(values(var.scope)) : [
      for key, value in rule.tags : can(regex("^[-A-Za-z0-9 _.:/=+@]{1,128}$", key)) && can(regex("^[-A-Za-z0-9 _.:/=+@]{1,256}$", value))
    ]]))
    error_message = "Write tags in scope as a key with a value, as in { image-scan = \"skip\" }: letters, digits, spaces or any of - _ . : / = + @, and no wildcard."
  }
  validation {
    condition     = length(jsonencode(var.scope)) <= 2000
    error_message = "The rules of scope are too long for a function's environment, which takes 2,000 characters of JSON. Use fewer rules with wildcards, or give the workloads a tag."
  }
}
