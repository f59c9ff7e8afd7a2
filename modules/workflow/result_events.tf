# Each scan that ends is an event, for rules that others write.
locals {
  result_bus_arn = coalesce(var.result_bus_arn, "arn:${local.partition}:events:${local.region}:${local.account}:event-bus/default")
}
