output "table" {
  description = "Name and ARN of the table."
  value = {
    name = aws_dynamodb_table.this.name
    arn  = aws_dynamodb_table.this.arn
  }
}

output "inventory" {
  description = "Name and ARN of the inventory's table."
  value = {
    name = aws_dynamodb_table.inventory.name
    arn  = aws_dynamodb_table.inventory.arn
  }
}
