provider "aws" {
  region = var.region
}

# Each further region needs one provider and one module.
provider "aws" {
  alias  = "spoke"
  region = var.spoke_region
}

module "image_scan" {
  source = "../.."

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
  spokes                       = { regional = true }
  tags                         = var.tags
}

module "spoke" {
  source    = "../../modules/regional-spoke"
  providers = { aws = aws.spoke }

  hub         = module.image_scan.hub
  name_prefix = var.name_prefix
  tags        = var.tags
}

module "trail" {
  source    = "../../modules/trail"
  count     = var.create_trail ? 1 : 0
  providers = { aws = aws.spoke }

  name_prefix = var.name_prefix
  tags        = var.tags
}
