output "arn" {
  description = "ARN of the trail."
  value       = aws_cloudtrail.this.arn
}

output "bucket" {
  description = "Name of the bucket of the trail's files."
  value       = aws_s3_bucket.this.id
}
