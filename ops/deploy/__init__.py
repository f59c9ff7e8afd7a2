"""`make deploy` and similar commands: they run Terraform in generated roots below deployments/."""
