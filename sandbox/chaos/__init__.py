"""The promise as an experiment: deployments while things fail, and what came of each of them."""
