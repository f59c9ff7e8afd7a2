# Which workloads and images the installation scans. The functions decide by these rules before anything is scanned.

variable "scope" {
  type        = any
  description = "Which images of which workloads are scanned. What a rule of `exclude` matches is out of scope, and so is what no rule of `include` matches, if there are any. A rule matches where all that it names match: `accounts` that deploy, `clusters`, `services` (or families of tasks without a service), `repositories`, each with `*` as a wildcard, and `tags` of the service, or of the task definition of a task without a service. A fact that is not known leaves nothing out. With `allow_at_gate`, the deployment gate lets what the rule matches start without a verdict. The inventory names the rule (`name`) of each workload that is out of scope. By default everything is in scope."
  default     = {}
  nullable    = false

  validation {
    condition     = try(length(setsubtract(keys(var.scope), local.attributes.scope)) == 0, false)
    error_message = "scope ${try("has no attribute ${join(", ", setsubtract(keys(var.scope), local.attributes.scope))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes.scope)}."
  }
  validation {
    condition     = !can(keys(var.scope)) || try(length(setsubtract(flatten([for list in [lookup(var.scope, "include", null)] : [for each in(can(keys(list)) ? null : list) : keys(each)] if list != null]), local.attributes["scope.include.*"])) == 0, false)
    error_message = "A rule of scope.include ${try("has no attribute ${join(", ", setsubtract(flatten([for list in [lookup(var.scope, "include", null)] : [for each in(can(keys(list)) ? null : list) : keys(each)] if list != null]), local.attributes["scope.include.*"]))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes["scope.include.*"])}."
  }
  validation {
    condition     = !can(keys(var.scope)) || try(length(setsubtract(flatten([for list in [lookup(var.scope, "exclude", null)] : [for each in(can(keys(list)) ? null : list) : keys(each)] if list != null]), local.attributes["scope.exclude.*"])) == 0, false)
    error_message = "A rule of scope.exclude ${try("has no attribute ${join(", ", setsubtract(flatten([for list in [lookup(var.scope, "exclude", null)] : [for each in(can(keys(list)) ? null : list) : keys(each)] if list != null]), local.attributes["scope.exclude.*"]))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes["scope.exclude.*"])}."
  }
  validation {
    condition     = !can(keys(var.scope)) || try(alltrue([for rule in flatten([for rules in values(var.scope) : rules if rules != null]) : can(regex("^[A-Za-z0-9][A-Za-z0-9 ._/-]{1,39}$", rule.name))]), false)
    error_message = "Give each rule of scope a name of 2 to 40 letters, digits, spaces or any of . _ / -."
  }
  validation {
    condition     = !can(keys(var.scope)) || try(length(distinct([for rule in flatten([for rules in values(var.scope) : rules if rules != null]) : rule.name])) == length(flatten([for rules in values(var.scope) : rules if rules != null])), false)
    error_message = "Give each rule of scope a name of its own: the inventory and the report show it."
  }
  validation {
    condition = !can(keys(var.scope)) || try(alltrue([for rule in flatten([for rules in values(var.scope) : rules if rules != null]) : anytrue([
      for name, value in rule : length(value) > 0 if contains(["accounts", "clusters", "services", "repositories", "tags"], name) && value != null
    ])]), false)
    error_message = "Name accounts, clusters, services, repositories or tags in each rule of scope: a rule without any would match everything."
  }
  validation {
    condition     = !can(keys(var.scope)) || try(alltrue(flatten([for rule in flatten([for rules in values(var.scope) : rules if rules != null]) : [for account in flatten([for list in [lookup(rule, "accounts", null)] : tolist(list) if list != null]) : can(regex("^[0-9]{12}$", account))]])), false)
    error_message = "Write each of accounts in scope as the 12 digits of an AWS account, in quotes."
  }
  validation {
    condition = !can(keys(var.scope)) || try(alltrue(flatten([for rule in flatten([for rules in values(var.scope) : rules if rules != null]) : [
      for pattern in concat(flatten([for list in [lookup(rule, "clusters", null)] : tolist(list) if list != null]), flatten([for list in [lookup(rule, "services", null)] : tolist(list) if list != null])) : can(regex("^[A-Za-z0-9_*-]{1,255}$", pattern))
    ]])), false)
    error_message = "Write each of clusters and services in scope as a name, not as an ARN: letters, digits, _ and -, with * as a wildcard."
  }
  validation {
    condition = !can(keys(var.scope)) || try(alltrue(flatten([for rule in flatten([for rules in values(var.scope) : rules if rules != null]) : [
      for pattern in flatten([for list in [lookup(rule, "repositories", null)] : tolist(list) if list != null]) : can(regex("^[a-z0-9._/*-]{1,256}$", pattern))
    ]])), false)
    error_message = "Write each of repositories in scope without registry and tag, as in shop/app: lower-case letters, digits and any of . _ / -, with * as a wildcard."
  }
  validation {
    condition = !can(keys(var.scope)) || try(alltrue(flatten([for rule in flatten([for rules in values(var.scope) : rules if rules != null]) : [
      for pattern in concat(flatten([for list in [lookup(rule, "clusters", null)] : list if list != null]), flatten([for list in [lookup(rule, "services", null)] : list if list != null]), flatten([for list in [lookup(rule, "repositories", null)] : list if list != null])) :
      !strcontains(pattern, "*") || length(replace(pattern, "/[^A-Za-z0-9]/", "")) >= 2
    ]])), false)
    error_message = "Write two letters or digits or more beside each * in scope, as in dev-*: a pattern of wildcards alone matches everything."
  }
  validation {
    condition = !can(keys(var.scope)) || try(length(flatten([for list in [lookup(var.scope, "include", null)] : list if list != null])) == 0 || !alltrue([
      for included in flatten([for list in [lookup(var.scope, "include", null)] : list if list != null]) : contains([
        for rule in flatten([for list in [lookup(var.scope, "exclude", null)] : list if list != null]) : jsonencode([
          [for name in ["accounts", "clusters", "services", "repositories"] : flatten([for list in [lookup(rule, name, null)] : list if list != null])], merge(lookup(rule, "tags", null)[*]...)
        ])
        ], jsonencode([
          [for name in ["accounts", "clusters", "services", "repositories"] : flatten([for list in [lookup(included, name, null)] : list if list != null])], merge(lookup(included, "tags", null)[*]...)
      ]))
    ]), false)
    error_message = "Change scope: exclude repeats each rule of include, so nothing would be scanned."
  }
  validation {
    condition = !can(keys(var.scope)) || try(alltrue(flatten([for rule in flatten([for rules in values(var.scope) : rules if rules != null]) : [
      for key, value in merge([for tags in [lookup(rule, "tags", null)] : tags if tags != null]...) : can(regex("^[-A-Za-z0-9 _.:/=+@]{1,128}$", key)) && can(regex("^[-A-Za-z0-9 _.:/=+@]{1,256}$", value))
    ]])), false)
    error_message = "Write tags in scope as a key with a value, as in { image-scan = \"skip\" }: letters, digits, spaces or any of - _ . : / = + @, and no wildcard."
  }
  validation {
    condition = !can(keys(var.scope)) || try(length(jsonencode([
      for rule in flatten([for rules in values(var.scope) : rules if rules != null]) : [for name in local.attributes["scope.exclude.*"] : [name, try(rule[name], null)]]
    ])) <= 2000, false)
    error_message = "The rules of scope are too long for a function's environment, which takes 2,000 characters of JSON. Use fewer rules with wildcards, or give the workloads a tag."
  }
  validation {
    condition     = !can(keys(var.scope)) || can([for rule in flatten([for rules in values(var.scope) : rules if rules != null]) : tobool(try(rule.allow_at_gate, null))])
    error_message = "Set allow_at_gate of each rule of scope to true or false."
  }
}
