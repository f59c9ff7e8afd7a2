"""`make deploy` and its kin: Terraform in generated roots below deployments/."""
