output "table" {
  description = "Name and ARN of the table."
  value = {
    name = aws_dynamodb_table.this.name
    arn  = aws_dynamodb_table.this.arn
  }
}

output "ledger" {
  description = "Name and ARN of the deployment ledger's table."
  value = {
    name = aws_dynamodb_table.ledger.name
    arn  = aws_dynamodb_table.ledger.arn
  }
}
