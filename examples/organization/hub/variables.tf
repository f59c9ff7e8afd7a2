# The example passes these inputs on unchanged. ../../../variables.tf describes them and refuses wrong values.

variable "region" {
  type        = string
  description = "AWS region of the hub. By default (null) the region of the environment or the AWS profile."
  default     = null
}

variable "organization_id" {
  type        = string
  description = "Id of the AWS organization whose accounts forward events, as in o-a1b2c3d4e5."
}

variable "member_registry_role_name" {
  type        = string
  description = "Path and name of the role that the Registry Sensor assumes in member accounts. By default (null) those of the hub's own role."
  default     = null
}

variable "name_prefix" {
  type        = string
  description = "Every name in AWS begins with this prefix. qualys-image-scan by default."
  default     = "qualys-image-scan"
}

variable "qualys_pod" {
  type        = string
  description = "The Qualys platform of your subscription, for example US2. Required unless you set qualys_gateway_url."
  default     = null
}

variable "qualys_gateway_url" {
  type        = string
  description = "Base URL of the Qualys API of a private platform. By default (null) it is the URL of qualys_pod."
  default     = null
}

variable "qualys_credentials" {
  type        = map(string)
  description = "The Qualys credential: token, or username and password, or client_id and client_secret. Give it in the environment, as TF_VAR_qualys_credentials. By default (null) qualys_secret is used."
  default     = null
  sensitive   = true
  ephemeral   = true
}

variable "qualys_credentials_version" {
  type        = number
  description = "Raise this number when you change qualys_credentials: only then are they written. 1 by default."
  default     = 1
}

variable "qualys_secret" {
  type        = map(string)
  description = "An existing secret with the credential, given by its arn. By default (null) a secret is created from qualys_credentials."
  default     = null
}

variable "registry_role" {
  type        = map(string)
  description = "The role of the Registry Sensor: either existing_arn, or qualys_account_id with external_id."
}

variable "scan_polling" {
  type        = map(number)
  description = "interval_seconds and max_polls: how often and how many times Qualys is asked whether a scan has finished. Every 60 seconds and 30 times by default."
  default     = {}
}

variable "notification_email_addresses" {
  type        = set(string)
  description = "E-mail addresses that receive notifications and alarms. None by default."
  default     = []
}

variable "deployment_gate" {
  type        = any
  description = "mode, policy, deadline_minutes, on_undecided and rollback_days of the deployment gate. None by default; {} is a gate in audit mode."
  default     = null
}

variable "network" {
  type        = any
  description = "vpc, https_proxy, no_proxy and ca_bundle of the functions. None by default."
  default     = {}
}

variable "create_trail" {
  type        = bool
  description = "Whether to create a trail. False by default, because the organization trail logs already. Set it to true if no trail logs write management events in the hub's region."
  default     = false
}

variable "tags" {
  type        = map(string)
  description = "Tags of every resource. application = qualys-image-scan by default."
  default     = { application = "qualys-image-scan" }
}
