output "members" {
  description = "The StackSets, and the stacks that they created."
  value       = module.members
}

output "management" {
  description = "All outputs of the spoke in this account."
  value       = module.management
}
