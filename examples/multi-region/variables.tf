# Passed on as they are; ../../variables.tf says what each does, and refuses wrong values.

variable "region" {
  type        = string
  description = "AWS region that scans, and is watched. By default the one that the environment or the profile names."
  default     = null
}

variable "spoke_region" {
  type        = string
  description = "Another AWS region to watch."
}

variable "name_prefix" {
  type        = string
  description = "Every name in AWS begins with it. qualys-image-scan by default."
  default     = "qualys-image-scan"
}

variable "qualys_pod" {
  type        = string
  description = "Qualys platform of the subscription, for example US2. Needed unless qualys_gateway_url is given."
  default     = null
}

variable "qualys_gateway_url" {
  type        = string
  description = "Base URL of the Qualys API of a private platform. By default that of qualys_pod."
  default     = null
}

variable "qualys_credentials" {
  type        = map(string)
  description = "Qualys credential: token, or username and password, or client_id and client_secret. Best given as TF_VAR_qualys_credentials. By default qualys_secret is used."
  default     = null
  sensitive   = true
  ephemeral   = true
}

variable "qualys_credentials_version" {
  type        = number
  description = "Raise it to have changed qualys_credentials written. 1 by default."
  default     = 1
}

variable "qualys_secret" {
  type        = map(string)
  description = "An existing secret with the credential, by its arn. By default one is created from qualys_credentials."
  default     = null
}

variable "registry_role" {
  type        = map(string)
  description = "Either existing_arn, or qualys_account_id with external_id."
}

variable "scan_polling" {
  type        = map(number)
  description = "interval_seconds and max_polls of the question whether a scan has finished. Every 60 seconds, 30 times by default."
  default     = {}
}

variable "notification_email_addresses" {
  type        = set(string)
  description = "Addresses to subscribe to verdicts and alarms. None by default."
  default     = []
}

variable "network" {
  type        = any
  description = "vpc, https_proxy, no_proxy and ca_bundle, for functions in a network of their own. None by default."
  default     = {}
}

variable "create_trail" {
  type        = bool
  description = "False where a trail already logs write management events in these regions, as a multi-region trail does. True by default."
  default     = true
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything. application = qualys-image-scan by default."
  default     = { application = "qualys-image-scan" }
}
