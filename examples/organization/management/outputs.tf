output "members" {
  description = "The StackSets, and the stacks they made."
  value       = module.members
}

output "management" {
  description = "What was made in this account."
  value       = module.management
}
