locals {
  # Which function, and which machine, may do what with which keys of a table. Only an index has no keys here:
  # its key is an account and region.
  table_access = {
    check_cache = [
      {
        sid     = "LeaseImages"
        table   = var.cache_table.arn
        keys    = local.image_keys
        actions = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      },
      {
        sid     = "RecordWorkloads"
        table   = var.inventory_table.arn
        keys    = local.workload_keys
        actions = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
      },
      { sid = "ListWorkload", table = "${var.inventory_table.arn}/index/by-workload", keys = [], actions = ["dynamodb:Query"] },
      {
        sid     = "RecordTasks"
        table   = var.inventory_table.arn
        keys    = ["tasks#*"]
        actions = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]
      },
    ]
    get_registry = [
      {
        sid     = "RememberRegistries"
        table   = var.state_table.arn
        keys    = local.state_keys.registries
        actions = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:UpdateItem"]
      },
    ]
    submit_scan = [
      {
        sid     = "ForgetRegistries"
        table   = var.state_table.arn
        keys    = local.state_keys.registries
        actions = ["dynamodb:DeleteItem"]
      },
      {
        sid     = "TakePermits"
        table   = var.state_table.arn
        keys    = local.state_keys.permits
        actions = ["dynamodb:PutItem", "dynamodb:UpdateItem"]
      },
      {
        sid     = "ListWaiting"
        table   = var.inventory_table.arn
        keys    = local.image_keys
        actions = ["dynamodb:Query"]
      },
    ]
    send_notification = [
      {
        sid     = "RecordVerdicts"
        table   = var.cache_table.arn
        keys    = local.image_keys
        actions = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
      },
      {
        sid     = "RecordFindings"
        table   = var.cache_table.arn
        keys    = ["findings#*"]
        actions = ["dynamodb:GetItem", "dynamodb:PutItem"]
      },
      {
        sid     = "RecordNotified"
        table   = var.inventory_table.arn
        keys    = local.workload_keys
        actions = ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"]
      },
      { sid = "ListWorkload", table = "${var.inventory_table.arn}/index/by-workload", keys = [], actions = ["dynamodb:Query"] },
      {
        sid     = "LearnFirstWait"
        table   = var.state_table.arn
        keys    = local.state_keys.registries
        actions = ["dynamodb:UpdateItem"]
      },
      {
        sid     = "ReturnPermits"
        table   = var.state_table.arn
        keys    = local.state_keys.permits
        actions = ["dynamodb:UpdateItem"]
      },
      {
        sid     = "LimitNotices"
        table   = var.state_table.arn
        keys    = local.state_keys.notices
        actions = ["dynamodb:PutItem"]
      },
      {
        sid     = "KeepRegisteredFailures"
        table   = var.state_table.arn
        keys    = local.state_keys.registered
        actions = ["dynamodb:PutItem", "dynamodb:UpdateItem"]
      },
      {
        sid     = "ReadExceptions"
        table   = var.state_table.arn
        keys    = local.state_keys.exceptions
        actions = ["dynamodb:GetItem"]
      },
    ]
    reconcile = [
      {
        sid     = "ReadVerdicts"
        table   = var.cache_table.arn
        keys    = local.image_keys
        actions = ["dynamodb:GetItem"]
      },
      {
        sid     = "ListInventory"
        table   = var.inventory_table.arn
        keys    = []
        actions = ["dynamodb:Scan"]
      },
      {
        sid     = "CloseWorkloads"
        table   = var.inventory_table.arn
        keys    = local.workload_keys
        actions = ["dynamodb:UpdateItem"]
      },
      {
        sid     = "CloseTasks"
        table   = var.inventory_table.arn
        keys    = ["tasks#*"]
        actions = ["dynamodb:DeleteItem", "dynamodb:Query"]
      },
      {
        sid     = "FindRegistries"
        table   = var.state_table.arn
        keys    = local.state_keys.registries
        actions = ["dynamodb:GetItem"]
      },
      {
        sid     = "RecordCoverage"
        table   = var.state_table.arn
        keys    = local.state_keys.coverage
        actions = ["dynamodb:PutItem"]
      },
      {
        sid     = "LimitNotices"
        table   = var.state_table.arn
        keys    = local.state_keys.notices
        actions = ["dynamodb:PutItem"]
      },
      {
        sid     = "ReportRegisteredFailures"
        table   = var.state_table.arn
        keys    = local.state_keys.registered
        actions = ["dynamodb:GetItem", "dynamodb:PutItem"]
      },
      {
        sid     = "ReadExceptions"
        table   = var.state_table.arn
        keys    = local.state_keys.exceptions
        actions = ["dynamodb:GetItem"]
      },
    ]
    reassess = [
      { sid = "ReadVerdicts", table = var.cache_table.arn, keys = local.image_keys, actions = ["dynamodb:GetItem"] },
    ]
    import_findings = [
      {
        sid     = "RememberFindings"
        table   = var.state_table.arn
        keys    = local.state_keys.security_hub
        actions = ["dynamodb:GetItem", "dynamodb:PutItem"]
      },
    ]
    # It decides about images that ECR confirms by their digest, and about no others.
    deployment_gate = [
      {
        sid     = "ReadVerdicts"
        table   = var.cache_table.arn
        keys    = ["sha256:*", "findings#*"]
        actions = ["dynamodb:GetItem"]
      },
      {
        sid     = "ReadExceptions"
        table   = var.state_table.arn
        keys    = local.state_keys.exceptions
        actions = ["dynamodb:GetItem"]
      },
    ]
    scan = [
      {
        sid     = "FreeLeases"
        table   = var.cache_table.arn
        keys    = local.image_keys
        actions = ["dynamodb:UpdateItem"]
      },
    ]
  }
}
