"""Scans every ECR image that is deployed on AWS Fargate with Qualys Container Security."""
