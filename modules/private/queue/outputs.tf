output "queue" {
  description = "Name, URL and ARN of the queue."
  value = {
    name = aws_sqs_queue.this.name
    url  = aws_sqs_queue.this.url
    arn  = aws_sqs_queue.this.arn
  }
}
