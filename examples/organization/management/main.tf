# Apply this folder with credentials of the organization's management account.
provider "aws" {
  region = var.region
}

module "members" {
  source = "../../../modules/org-spoke"

  hub                     = var.hub
  name_prefix             = var.name_prefix
  organizational_unit_ids = var.organizational_unit_ids
  regions                 = var.regions
  roles_region            = var.region
  accounts                = var.accounts
  registry_role           = var.registry_role
  create_gate_role        = var.create_gate_role
  create_trail            = var.create_trail
  tags                    = var.tags
}

# StackSets do not reach this account. Add one module for each region of this account that should be watched.
module "management" {
  source = "../../../modules/regional-spoke"

  hub                  = var.hub
  name_prefix          = var.name_prefix
  create_describe_role = true
  create_gate_role     = var.create_gate_role
  tags                 = var.tags
}

module "trail" {
  source = "../../../modules/trail"
  count  = var.create_trail ? 1 : 0

  name_prefix = var.name_prefix
  tags        = var.tags
}
