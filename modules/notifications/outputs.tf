output "topic_arns" {
  description = "ARNs of the SNS topics of notifications and alarms, by kind of reader: people (e-mail), phones (SMS), chat (Amazon Q Developer in chat applications) and machines (SQS, Lambda, HTTPS; JSON)."
  value       = { for reader, topic in aws_sns_topic.this : reader => topic.arn }
  # An alarm cannot publish to a topic before the topic has its policy.
  depends_on = [aws_sns_topic_policy.this]
}
