variable "qualys_credentials" {
  type        = map(string)
  description = "The Qualys credential: token, or username and password, or client_id and client_secret. Give it in the environment, as TF_VAR_qualys_credentials."
  sensitive   = true
  ephemeral   = true
}

variable "registry_role" {
  type        = map(string)
  description = "The role of the Registry Sensor: either existing_arn, or qualys_account_id with external_id."
}
