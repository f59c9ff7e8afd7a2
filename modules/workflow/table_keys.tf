locals {
  # The keys of each subject in the state table begin so. functions/image_scan/state/keys.py has the same.
  state_prefixes = {
    registries    = "registry#"
    permits       = "permit#"
    notices       = "notice#"
    exceptions    = "exceptions#"
    coverage      = "coverage#"
    registered    = "registered#"
    security_hub  = "security-hub#"
    open_findings = "open-findings#"
  }
  state_keys = { for subject, prefix in local.state_prefixes : subject => ["${prefix}*"] }

  # An image of ECR is known by its digest; where ECR does not give one, by account, region, repository and tag.
  image_keys = ["sha256:*", "????????????/*"]
  # The inventory also has rows of images that are not in ECR.
  workload_keys = concat(local.image_keys, ["other#*"])
}
