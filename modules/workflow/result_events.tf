# Each scan that ends puts an event on this bus, for the rules of other programs.
locals {
  result_bus_arn = coalesce(var.result_bus_arn, "arn:${local.partition}:events:${local.region}:${local.account}:event-bus/default")
}
