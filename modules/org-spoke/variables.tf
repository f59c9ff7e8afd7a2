variable "hub" {
  type = object({
    account_id              = string
    region                  = string
    event_bus_arn           = string
    event_pattern           = string
    organization_id         = optional(string)
    describe_principal_arns = list(string)
    describe_role_name      = string
    describe_external_id    = string
    iam_path                = string
    registry_role_name      = string
    deployment_gate = optional(object({
      hook_target_arn  = string
      role_arn         = string
      lifecycle_stages = list(string)
      timeout_configuration = object({
        timeout_in_minutes = number
        action             = string
      })
    }))
  })
  description = "The `hub` output of the installation that receives the events. Its `spokes` must name the organization."
  nullable    = false
}

variable "organizational_unit_ids" {
  type        = set(string)
  description = "Organizational units (ou-...) or the root (r-...) whose accounts forward. Accounts of the units below, and accounts that join later, are included. No unit may lie in another one of the list. The management account is never included."

  validation {
    condition     = length(var.organizational_unit_ids) > 0 && alltrue([for unit in var.organizational_unit_ids : can(regex("^(ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32})$", unit))])
    error_message = "Give organizational_unit_ids one or more ids, as in ou-ab12-cdef3456 or r-ab12."
  }
  validation {
    condition     = length(var.organizational_unit_ids) == 1 || !anytrue([for unit in var.organizational_unit_ids : startswith(unit, "r-")])
    error_message = "The root contains all units: give organizational_unit_ids either the root alone, or units."
  }
}

variable "regions" {
  type        = set(string)
  description = "Regions to watch in each account."

  validation {
    condition     = length(var.regions) > 0 && alltrue([for region in var.regions : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", region))])
    error_message = "Give regions one or more AWS regions, as in eu-central-1."
  }
}

variable "roles_region" {
  type        = string
  description = "Region in which the stacks of the roles lie. It cannot be changed later. By default (null) it is the first of regions by name. Set it if you start with one region and may add others."
  default     = null
}

variable "accounts" {
  type        = any
  description = "Which accounts of the organizational units forward: only those of `include`, or all except those of `exclude`. All by default. With `include`, accounts that join a unit later get no stacks automatically."
  default     = {}
  nullable    = false

  validation {
    condition     = try(length(setsubtract(keys(var.accounts), local.attributes.accounts)) == 0, false)
    error_message = "accounts ${try("has no attribute ${join(", ", setsubtract(keys(var.accounts), local.attributes.accounts))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes.accounts)}."
  }
  validation {
    condition     = try(length(flatten([for list in [lookup(var.accounts, "include", null)] : list if list != null])) == 0 || length(flatten([for list in [lookup(var.accounts, "exclude", null)] : list if list != null])) == 0, false)
    error_message = "Give either accounts.include or accounts.exclude, not both."
  }
  validation {
    condition     = try(alltrue([for account in flatten([for accounts in values(var.accounts) : tolist(accounts) if accounts != null]) : can(regex("^[0-9]{12}$", account))]), false)
    error_message = "Write each of accounts.include and accounts.exclude as the 12 digits of an AWS account, in quotes."
  }
}

variable "name_prefix" {
  type        = string
  description = "Every name begins with it, except the names that the hub gives. qualys-image-scan by default."
  default     = "qualys-image-scan"

  validation {
    condition     = length(var.name_prefix) >= 3 && length(var.name_prefix) <= 28 && can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name_prefix)) && !startswith(var.name_prefix, "sthree-")
    error_message = "Set name_prefix to 3 to 28 lower-case letters, digits and single hyphens. It begins with a letter, does not end with a hyphen, and does not begin with sthree-: roles are named after it."
  }
}

variable "registry_role" {
  type        = any
  description = "The role that the Registry Sensor assumes in each account to pull its images. Give `existing_name` (path and name) if the role exists. Give `qualys_account_id` with `external_id` to create the role under the name that the hub uses. By default (null) no role is created."
  default     = null

  validation {
    condition     = try(length(setsubtract(flatten([for each in [var.registry_role] : keys(each) if each != null]), local.attributes.registry_role)) == 0, false)
    error_message = "registry_role ${try("has no attribute ${join(", ", setsubtract(flatten([for each in [var.registry_role] : keys(each) if each != null]), local.attributes.registry_role))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes.registry_role)}."
  }
  validation {
    condition     = var.registry_role == null || (try(var.registry_role.existing_name, null) == null) != (try(var.registry_role.qualys_account_id, null) == null && try(var.registry_role.external_id, null) == null)
    error_message = "Give registry_role either existing_name, or qualys_account_id with external_id."
  }
  validation {
    condition     = (try(var.registry_role.qualys_account_id, null) == null) == (try(var.registry_role.external_id, null) == null)
    error_message = "Give registry_role.qualys_account_id and registry_role.external_id together."
  }
  validation {
    condition     = try(var.registry_role.qualys_account_id, null) == null || can(regex("^[0-9]{12}$", var.registry_role.qualys_account_id))
    error_message = "Set registry_role.qualys_account_id to the 12 digits of Qualys' AWS account, in quotes."
  }
  validation {
    condition     = can([for name in ["existing_name", "external_id"] : tostring(try(var.registry_role[name], null))])
    error_message = "Set existing_name and external_id of registry_role to text."
  }
}

variable "call_as" {
  type        = string
  description = "Which account applies the module. SELF: the organization's management account. DELEGATED_ADMIN: an account that administers StackSets for the organization. SELF by default."
  default     = "SELF"

  validation {
    condition     = contains(["SELF", "DELEGATED_ADMIN"], var.call_as)
    error_message = "Set call_as to SELF or DELEGATED_ADMIN."
  }
}

variable "operation_preferences" {
  type        = any
  description = "How StackSets roll out. `failure_tolerance_percentage`: in how many percent of the accounts a stack may fail before the rollout stops. `max_concurrent_percentage`: in how many percent of the accounts it runs at the same time. `region_concurrency_type`: regions in PARALLEL or SEQUENTIAL order. By default all accounts and regions run at the same time, and no failure stops the others."
  default     = {}
  nullable    = false

  validation {
    condition     = try(length(setsubtract(keys(var.operation_preferences), local.attributes.operation_preferences)) == 0, false)
    error_message = "operation_preferences ${try("has no attribute ${join(", ", setsubtract(keys(var.operation_preferences), local.attributes.operation_preferences))}", "is not an object")}. Its attributes are: ${join(", ", local.attributes.operation_preferences)}."
  }
  validation {
    condition     = try(alltrue([for type in [try(var.operation_preferences.region_concurrency_type, null)] : contains(["PARALLEL", "SEQUENTIAL"], type) if type != null]), false)
    error_message = "Set operation_preferences.region_concurrency_type to PARALLEL or SEQUENTIAL."
  }
  validation {
    condition = try(alltrue(flatten([
      [for percent in [tonumber(try(var.operation_preferences.failure_tolerance_percentage, null))] : percent >= 0 && percent <= 100 if percent != null],
      [for percent in [tonumber(try(var.operation_preferences.max_concurrent_percentage, null))] : percent >= 1 && percent <= 100 if percent != null],
    ])), false)
    error_message = "Set operation_preferences.failure_tolerance_percentage to a number from 0 to 100, and max_concurrent_percentage to one from 1 to 100."
  }
}

variable "create_gate_role" {
  type        = bool
  description = "Whether to create the role with which ECS of each account invokes the deployment gate of the hub, and to let the describe role read deployments. The hub needs `deployment_gate` as well. Services in the hub's region can then have the gate. False by default."
  default     = false
}

variable "security_hub" {
  type        = bool
  description = "Whether the describe role may also import findings into the Security Hub of its account. The hub needs `security_hub` as well. False by default."
  default     = false
}

variable "alarm_topic_name" {
  type        = string
  description = "Name of an SNS topic that is notified when events could not be forwarded. The topic has the same name in every account and region. By default (null) the alarms notify nobody, and only CloudWatch shows them."
  default     = null
}

variable "create_trail" {
  type        = bool
  description = "Whether to create a CloudTrail trail in each account and region. Without a trail, EventBridge sees no ECS call. False by default, because an organization trail or a multi-region trail usually logs write management events already. A second copy of them costs 2 USD per 100,000 events."
  default     = false
}

variable "trail_retention_days" {
  type        = number
  description = "Days after which the files of the created trail are deleted. 90 by default."
  default     = 90

  validation {
    condition     = var.trail_retention_days >= 1 && var.trail_retention_days <= 3653 && floor(var.trail_retention_days) == var.trail_retention_days
    error_message = "Set trail_retention_days to a whole number from 1 to 3653."
  }
}

variable "permissions_boundary_name" {
  type        = string
  description = "Path and name of the policy that is the permissions boundary of the roles. The policy has the same name in every account. None by default."
  default     = null
}

variable "tags" {
  type        = map(string)
  description = "Tags of the StackSets and of every resource in their stacks. None by default."
  default     = {}
  nullable    = false
}
