# One line each says what a target does: `make help`. Everything is made in .venv, .sandbox, .checkov
# and .judges, which git ignores; nothing is installed outside of them.

PYTHON ?= python3
BIN := .venv/bin
TESTS_READY := .venv/ready
SANDBOX_READY := .sandbox/venv/ready
CHECKOV_READY := .checkov/venv/ready
JUDGES_READY := .judges/ready
OPS_READY := .venv/ops-ready
DEMO_READY := .venv/demo-ready
OPS := ./image-scan
PYTEST := $(BIN)/pytest
WORKERS := -n 4 --dist loadgroup --no-loadscope-reorder
# Of the user's pip settings only index and network count: others aim elsewhere, or stop pip. What is
# imported is compiled then, and most of it never is. Each file has to have a hash of its lock file.
INSTALL := -B functions/clean_pip.py install --quiet --no-compile --require-hashes --requirement

# What Python has compiled is used again, though the environment says not to keep it: each of many
# processes would compile the SDK again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z0-9-]+:.*## / { printf "  make %-24s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Try it, without any account
.PHONY: demo
demo: demo-ready ## The whole pipeline on an embedded AWS, in two minutes; KEEP=1 leaves it up
	@$(BIN)/python -m sandbox.demo $(if $(KEEP),--keep)

.PHONY: demo-org
demo-org: demo-ready ## An organization on the embedded AWS: which account and region ran what, and who scanned it
	@$(BIN)/python -m sandbox.demo_organization

.PHONY: down
down: $(DEMO_READY) ## End what `make demo KEEP=1` left up
	@$(BIN)/python -m sandbox.demo --down

##@ Deploy to AWS (settings: QUALYS_POD, EMAIL, NAME_PREFIX, REGION, STATE_BUCKET, VAR_<input>, TFVARS, AUTO_APPROVE)
# Settings come from the environment, into which make passes what stands on its command line. Secrets
# may only come from the environment: a command line is seen by everybody on the machine.
SECRETS := QUALYS_API_TOKEN QUALYS_PASSWORD QUALYS_CLIENT_SECRET QUALYS_PROXY_PASSWORD $(filter TF_VAR_%,$(.VARIABLES))
$(foreach name,$(SECRETS),$(if $(filter command,$(origin $(name))),\
  $(error $(name) belongs into the environment, not on the command line)))

# git and others have a variable of this name: here only the command line counts.
ifneq ($(origin EMAIL),command line)
unexport EMAIL
endif

.PHONY: deploy plan destroy
deploy: $(OPS_READY) ## One region of one account: QUALYS_POD=US2 EXISTING_ROLE_ARN=arn:... or CREATE_ROLE=true
	@$(OPS) deploy
plan: $(OPS_READY) ## What deploy would do
	@$(OPS) deploy --plan
destroy: $(OPS_READY) ## Remove what deploy made
	@$(OPS) deploy --destroy

.PHONY: deploy-region plan-region destroy-region
deploy-region: $(OPS_READY) ## Other regions of the account forward to it: REGION=us-west-2,eu-west-1
	@$(OPS) deploy-region
plan-region: $(OPS_READY) ## What deploy-region would do
	@$(OPS) deploy-region --plan
destroy-region: $(OPS_READY) ## Remove what deploy-region made
	@$(OPS) deploy-region --destroy

.PHONY: deploy-hub plan-hub destroy-hub
deploy-hub: $(OPS_READY) ## The hub of an organization: QUALYS_POD=US2 OrganizationId=o-... EXISTING_ROLE_NAME=...
	@$(OPS) deploy-hub
plan-hub: $(OPS_READY) ## What deploy-hub would do
	@$(OPS) deploy-hub --plan
destroy-hub: $(OPS_READY) ## Remove what deploy-hub made
	@$(OPS) deploy-hub --destroy

.PHONY: deploy-spoke-stackset plan-spoke-stackset destroy-spoke-stackset
deploy-spoke-stackset: $(OPS_READY) ## The accounts of an organization forward to the hub: OrganizationId= OrgUnitIds= SecurityAccountId= CentralEventBusArn= EXISTING_ROLE_NAME=
	@$(OPS) deploy-spoke-stackset
plan-spoke-stackset: $(OPS_READY) ## What deploy-spoke-stackset would do
	@$(OPS) deploy-spoke-stackset --plan
destroy-spoke-stackset: $(OPS_READY) ## Remove what deploy-spoke-stackset made
	@$(OPS) deploy-spoke-stackset --destroy

##@ Operate an installation (settings: NAME_PREFIX, REGION, JSON; ./image-scan has the same commands)
.PHONY: tool
tool: $(OPS_READY) ## What ./image-scan needs, into .venv: its exit status says more than that of make, see docs/commands.md

.PHONY: doctor status logs scan smoke where gate admit coverage backfill in-use forget report redrive
doctor: $(OPS_READY) ## Check every part, and name the fix of what fails; SHAPES=1 for the form of Qualys' answers
	@$(OPS) doctor
status: $(OPS_READY) ## Versions, executions, verdicts, queues and alarms
	@$(OPS) status
logs: $(OPS_READY) ## What functions and state machines log, in order; FUNCTION=, SINCE=1h, FOLLOW=1
	@$(OPS) logs
scan: $(OPS_READY) ## Scan one image now: IMAGE=; FORCE=1 past the cache, WAIT=1 for the verdict, PLATFORM=linux/arm64
	@$(OPS) scan
smoke: $(OPS_READY) ## After a deployment: send one event the whole way, or say where it got stuck; IMAGE=, WAIT_MINUTES=30
	@$(OPS) smoke
where: $(OPS_READY) ## What is known of an image, and where it runs: IMAGE=<uri, digest or repository:tag>, REPOSITORY=, QID= or CVE=
	@$(OPS) where
gate: $(OPS_READY) ## Which services have the deployment gate, and its last decisions; SINCE=7d
	@$(OPS) gate
admit: $(OPS_READY) ## What the gate decides about an image, before it is deployed: IMAGE=; SERVICE=cluster/service, WAIT=1 to scan it first
	@$(OPS) admit
coverage: $(OPS_READY) ## How much of what runs has a verdict, as the last reconciliations found
	@$(OPS) coverage
backfill: $(OPS_READY) ## Compare what runs with what is known, and scan what has no result
	@$(OPS) backfill
in-use: $(OPS_READY) ## Images that run, by account and repository: REPOSITORY=, ACCOUNT=, DAYS=30, FORMAT=digests, csv or cyclonedx, OUT=
	@$(OPS) in-use
forget: $(OPS_READY) ## Close what ran in an account that has left for good: ACCOUNT=, ONLY_REGION=; CONFIRM=1 does it
	@$(OPS) forget
report: $(OPS_READY) ## A page of what runs where, by severity and workload, with coverage over time; OUT=report.html
	@$(OPS) report
redrive: $(OPS_READY) ## Queued events through the intake again; DRY_RUN=1 lists them, DROP=<id> gives up what fails again
	@$(OPS) redrive

##@ Develop
# Two checks at once, and then all tests in one run. More workers than processors, because much of an
# apply is waiting.
.PHONY: test
test: all-ready ## Every check and test but those of `make judges`
	@$(MAKE) --no-print-directory --jobs=2 lint checkov compiled
	$(PYTEST) $(WORKERS) tests --ignore=tests/judges --cov --cov-report=term --cov-fail-under=95

# By one process, before each of the workers would do it.
.PHONY: compiled
compiled: setup
	@$(PYTEST) --collect-only --quiet tests --ignore=tests/judges >/dev/null 2>&1 || true # the tests themselves say why

.PHONY: judges
judges: setup $(JUDGES_READY) ## Policies, machines, templates and examples before judges that are not ours; needs Node.js 18
	$(PYTEST) $(WORKERS) tests/judges

.PHONY: lint
lint: setup ## Style and types of the Python
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: checkov
checkov: $(CHECKOV_READY) ## Static checks of the modules and the templates; each exception says why beside the resource
	.checkov/venv/bin/checkov $(addprefix --directory ,$(wildcard modules/*)) --framework terraform cloudformation --quiet --compact --skip-download

.PHONY: unit pipeline properties terraform sandbox e2e budgets browser
unit: setup ## One part of the tests: functions and commands, without a process or a socket
	$(PYTEST) -n 2 tests/unit
pipeline: setup ## The state machines with the real functions, in this process and in virtual time
	$(PYTEST) -n 2 tests/pipeline
properties: setup ## Hostile events, images and answers of Qualys, a few of each; `make fuzz` takes many
	$(PYTEST) -n 2 tests/properties
terraform: setup ## Format, validity and tests of the modules, and a plan of each example
	$(PYTEST) -n 2 tests/terraform
sandbox: setup ## The embedded AWS and the Qualys simulator themselves
	$(PYTEST) $(WORKERS) tests/sandbox
e2e: setup $(CHECKOV_READY) ## The examples and the operator's commands on the embedded AWS: applied, used, broken, destroyed
	$(PYTEST) $(WORKERS) tests/e2e
budgets: setup ## Cold starts, memory, calls and many workloads, counted
	$(PYTEST) -n 2 tests/budgets
browser: setup ## The page of `make report` in a real browser, light and dark
	$(PYTEST) tests/browser

.PHONY: sandbox-patches
sandbox-patches: setup ## Which changes of ministack are still needed: each is left out, and its test has to fail
	@$(BIN)/python -m tests.sandbox.needed

.PHONY: fuzz
fuzz: setup ## Hostile events, images and answers of Qualys for ten minutes, new ones each time; FUZZ_MINUTES=60 for longer
	$(BIN)/python tests/properties

.PHONY: bench
bench: setup ## What deployments take and cost, counted; rewrites the tables of docs/cost.md
	@$(BIN)/python $(INSTALL) tests/bench/requirements.lock
	@PYTHONPATH=functions $(BIN)/python -m tests.bench

# The first three are installed into one environment, so they agree on versions.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.PHONY: lock
lock: setup ## The lock files again: the version and the hashes of every package that is installed
	@$(LOCK) tests/requirements.txt --output-file tests/requirements.lock
	@for file in sandbox/demo-requirements ops/requirements tests/bench/requirements; do \
	  $(LOCK) --constraint tests/requirements.lock $$file.txt --output-file $$file.lock || exit 1; done
	@for file in sandbox/requirements tests/checkov tests/judges/requirements; do \
	  $(LOCK) $$file.txt --output-file $$file.lock || exit 1; done
	@cd tests/judges && rm -f package-lock.json && npm install --package-lock-only --omit-lockfile-registry-resolved \
	  --ignore-scripts --no-audit --no-fund --loglevel=error

.PHONY: chaos
chaos: demo-ready ## Deployments while a fifth of all things fails, and what came of each: EVENTS=2000 RATE=0.2 SEED= OUTAGE=1; GATE=1 for the deployment gate
	@$(BIN)/python -m sandbox.chaos

.PHONY: hostile
hostile: demo-ready ## One account of an organization attacks while others deploy, and what came of each: EVENTS=50 SEED=
	@$(BIN)/python -m sandbox.hostile

.PHONY: format
format: setup ## Format Python and Terraform, and write the tables of module READMEs
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	TF_CLI_CONFIG_FILE=/dev/null terraform fmt -recursive
	$(BIN)/python -B -m tests.support.terraform_docs

.PHONY: package
package: ## The functions' zip, as Terraform builds it: functions/dist/image_scan.zip
	$(PYTHON) -B functions/package.py --output functions/dist/image_scan.zip

.PHONY: release
release: setup ## Check a release and show what it changes: VERSION=1.2.3; CONFIRM=1 writes the files, and a person tags
	@$(BIN)/python -m ops.release

.PHONY: setup
setup: $(TESTS_READY) $(SANDBOX_READY) ## The two virtual environments of the tests

# Side by side: each waits for its own downloads.
.PHONY: all-ready
all-ready:
	@$(MAKE) --no-print-directory --jobs=3 $(TESTS_READY) $(SANDBOX_READY) $(CHECKOV_READY)

# Terraform is looked for first: to install for minutes and then miss it helps nobody.
.PHONY: demo-ready
demo-ready: terraform-found $(DEMO_READY) $(SANDBOX_READY)

.PHONY: terraform-found
terraform-found: | python
	@$(PYTHON) -m sandbox.terraform

.PHONY: python
python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not found: install Python 3.11 or newer, or give PYTHON=<path>" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed (PYTHON=python3.12 make ...)" if sys.version_info < (3, 11) else 0)'

$(TESTS_READY): tests/requirements.lock | python
	@echo "Installing the tools into .venv"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python $(INSTALL) tests/requirements.lock
	@touch $@ $(OPS_READY) # a part of it

# What the demo needs, and no more.
$(DEMO_READY): sandbox/demo-requirements.lock | python
	@echo "Installing the demo's packages into .venv"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python $(INSTALL) sandbox/demo-requirements.lock
	@touch $@ $(OPS_READY) # a part of it

# What an operator needs, and no more.
$(OPS_READY): ops/requirements.lock | python
	@echo "Installing the operator's tool into .venv" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python $(INSTALL) ops/requirements.lock
	@touch $@

# A second environment, without the functions' packages, so that one missing in the zip shows.
$(SANDBOX_READY): sandbox/requirements.lock | python
	@echo "Installing the embedded AWS into .sandbox/venv"
	@$(PYTHON) -m venv .sandbox/venv
	@.sandbox/venv/bin/python $(INSTALL) sandbox/requirements.lock
	@touch $@

$(CHECKOV_READY): tests/checkov.lock | python
	@echo "Installing checkov into .checkov/venv"
	@$(PYTHON) -m venv .checkov/venv
	@.checkov/venv/bin/python $(INSTALL) tests/checkov.lock
	@touch $@

SHA256 = $(shell command -v sha256sum || echo shasum -a 256)
$(JUDGES_READY): tests/judges/requirements.lock tests/judges/package-lock.json $(wildcard tests/judges/schemas*) | python
	@command -v npm >/dev/null || { echo "npm is not found: install Node.js 18 or newer" >&2; exit 1; }
	@echo "Installing the judges into .judges"
	@$(PYTHON) -m venv .judges/venv
	@.judges/venv/bin/python $(INSTALL) tests/judges/requirements.lock
	@mkdir -p .judges/node && cp tests/judges/package.json tests/judges/package-lock.json .judges/node
	@npm ci --prefix .judges/node --no-audit --no-fund --ignore-scripts --loglevel=error
	@rm -rf .judges/packed && mkdir .judges/packed
	@sed 's/ *#.*//' tests/judges/schemas-node.txt | xargs npm pack --pack-destination .judges/packed --silent >&2
	@.judges/venv/bin/python -B functions/clean_pip.py download --quiet --no-deps --dest .judges/packed \
	  --require-hashes --requirement tests/judges/schemas.txt
	@cd .judges/packed && $(SHA256) --check $(CURDIR)/tests/judges/schemas-node.sha256 >/dev/null
	@touch $@

.PHONY: clean
clean: ## Remove all that the other targets made
	rm -rf .venv .sandbox .checkov .judges functions/dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
