# Apply this folder with credentials of the account that scans for the organization.
provider "aws" {
  region = var.region
}

module "image_scan" {
  source = "../../.."

  name_prefix                  = var.name_prefix
  qualys_pod                   = var.qualys_pod
  qualys_gateway_url           = var.qualys_gateway_url
  qualys_credentials           = var.qualys_credentials
  qualys_credentials_version   = var.qualys_credentials_version
  qualys_secret                = var.qualys_secret
  registry_role                = var.registry_role
  scan_polling                 = var.scan_polling
  notification_email_addresses = var.notification_email_addresses
  deployment_gate              = var.deployment_gate
  network                      = var.network
  create_trail                 = var.create_trail
  tags                         = var.tags

  spokes = {
    organization       = { id = var.organization_id }
    registry_role_name = var.member_registry_role_name
  }
}
