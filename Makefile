# Everything that people and CI run. `make help` lists the targets.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

export WARMPOOL_CACHE ?= $(HOME)/.cache/warmpool
UV_VERSION := 0.13.9
UV := $(shell command -v uv || echo $(WARMPOOL_CACHE)/uv/bin/uv)
EXTRAS := --extra operator --extra cli --extra serving
RUN := $(UV) run --frozen --no-sync
STEP := hack/step.sh
PYTEST := $(RUN) python -m pytest
# The suite waits more than it computes; more workers than this starve the pods of a two-core machine.
E2E_WORKERS ?= 3

##@ Main
.PHONY: help
help: ## Show this list.
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-zA-Z0-9_%-]+:.*## / {printf "  \033[36m%-16s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: setup ## Cluster, operator, pool, real model, a burst, and what happened in plain words.
	@$(RUN) python -m hack.demo

.PHONY: test
test: ## Everything that CI runs: lint, unit, docs, and the suite on a real cluster.
	@rm -f build/steps.txt
	@$(STEP) setup $(MAKE) --no-print-directory setup
	@$(STEP) lint $(MAKE) --no-print-directory lint
	@$(STEP) cluster-up $(MAKE) --no-print-directory cluster-up
	@$(STEP) ingress-up $(MAKE) --no-print-directory ingress-up
	@$(STEP) bundles $(MAKE) --no-print-directory bundles
	@$(STEP) unit hack/beside.sh "$(MAKE) --no-print-directory images" "$(MAKE) --no-print-directory unit"
	@$(STEP) docs $(MAKE) --no-print-directory docs
	@$(STEP) e2e $(MAKE) --no-print-directory e2e
	@$(STEP)

##@ Parts of it
.PHONY: setup
setup: $(UV) ## Install the Python environment that uv.lock pins.
	@$(UV) sync --frozen $(EXTRAS)

$(UV):
	@echo "installing uv $(UV_VERSION) into $(WARMPOOL_CACHE)/uv"
	@python3 -m venv $(WARMPOOL_CACHE)/uv
	@$(WARMPOOL_CACHE)/uv/bin/pip install --quiet uv==$(UV_VERSION)

.PHONY: lint
lint: ## Format, style, types, import layers, generated files, workflow files.
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) mypy
	@$(RUN) lint-imports
	@$(RUN) check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(RUN) zizmor --offline --quiet .github/workflows
	@$$($(RUN) python -m hack.cluster tool actionlint) .github/workflows/*.yml

.PHONY: unit
unit: ## Tests that need no cluster.
	@$(PYTEST) -m "not e2e" -n 2 --dist loadfile

.PHONY: docs
docs: ## Build the documentation into build/site; a dead link fails it.
	@NO_MKDOCS_2_WARNING=1 $(RUN) mkdocs build --strict --quiet --clean

.PHONY: e2e
e2e: ## Tests on a real Kubernetes: a named context, kind, or the embedded cluster.
	@hack/e2e.sh $(E2E_WORKERS) $(PYTEST)

.PHONY: generate
generate: ## Write what is generated from the models: CRD, field reference, golden manifests.
	@$(RUN) python -m warmpool_operator.api.crd > crds/warmmodelpools.warmpool.dev.yaml
	@cp crds/warmmodelpools.warmpool.dev.yaml charts/warmpool/files/
	@$(RUN) python -m warmpool_operator.api.docs > docs/reference.md
	@$(RUN) python -m hack.docs.settings > docs/settings.md
	@$(RUN) python -m warmpool_serving.api.openapi_document > serving/warmpool_serving/api/openapi.json
	@$(PYTEST) -q tests/operator/desired --update-golden

.PHONY: install-yaml
install-yaml: ## Write build/install.yaml: the chart's defaults as one file for kubectl apply.
	@mkdir -p build
	@$(RUN) python -m hack.chart.install_yaml > build/install.yaml

.PHONY: format
format: ## Format the code.
	@$(RUN) ruff check --fix --quiet . || true
	@$(RUN) ruff format .

##@ Benchmarks (each writes bench/results/NAME.json)
.PHONY: bench-bed
bench-bed: ## Boot, kill and remove the embedded cluster again and again; it is down afterwards.
	@$(RUN) python -m hack.cluster selftest

.PHONY: bench-images
bench-images: setup bundle ## Size, layers and start time of every image, beside a first Dockerfile (torch: 6 GB each).
	@$(RUN) python -m bench.images $(IMAGES)

.PHONY: bench-burst
bench-burst: setup bundle ## Bursts against warmpool and what people would pick instead; goes on where it was stopped.
	@$(RUN) python -m bench.burst run --build $(BURST)
	@$(RUN) python -m bench.burst report

.PHONY: bench-serving
bench-serving: setup ## The model server beside others; goes on where it was stopped (FRESH=1 begins anew).
	@$(RUN) python -m bench.serving $(if $(FRESH),--fresh)

.PHONY: bench-serving-gpu
bench-serving-gpu: setup ## The torch engine on a CUDA device, and every engine on more cores; needs a machine with both.
	@$(RUN) python -m bench.serving.gpu run $(PARTS)
	@$(RUN) python -m bench.serving.gpu report

.PHONY: bench-loop
bench-loop: setup cluster-up images ## The control loop: cost, speed, shrinks, rollouts, a killed leader.
	@$(RUN) python -m bench.loop $(PARTS)

.PHONY: bench-mutation
bench-mutation: ## Mutants of capacity/ against its tests, 25 minutes at most; survivors are named and judged.
	@$(RUN) python -m bench.mutation

.PHONY: bench-ingress
bench-ingress: setup cluster-up images ## Limits and the answer at zero in a real ingress-nginx.
	@$(RUN) python -m bench.ingress $(PARTS)

##@ Cluster and images
.PHONY: cluster-up
cluster-up: ## Start the test cluster, or find it running.
	@$(RUN) python -m hack.cluster up

.PHONY: ingress-up
ingress-up: ## Start ingress-nginx on the test cluster, or find it running.
	@$(RUN) python -m hack.cluster ingress

.PHONY: cluster-down
cluster-down: ## Stop the test cluster and remove all it left on this machine.
	@$(RUN) python -m hack.cluster down

.PHONY: bundle
bundle: ## Export the MiniLM bundle that the serving image carries (cached).
	@$(RUN) python -m warmpool_serving.models.minilm --out build/bundles/minilm

.PHONY: images-onnx images-torch images-fake
images-onnx: bundle ## Build the server's image for onnx bundles, warmpool/serving:onnx.
	@$(RUN) python -m hack.cluster build -t warmpool/serving:onnx -f Dockerfile.serving .

images-torch: ## Build it with torch, warmpool/serving:torch; TORCH_INDEX and BUNDLE choose the wheels and the model.
	@$(RUN) python -m hack.cluster build -t warmpool/serving:torch -f Dockerfile.serving \
	  --build-arg EXTRAS="--extra serving --extra torch" --build-arg TORCH_INDEX=$(TORCH_INDEX) --build-arg BUNDLE=$(or $(BUNDLE),build/bundles/minilm-published) .

images-fake: ## Build it without a model, warmpool/serving:fake: for tests, and for models that are fetched or mounted.
	@$(RUN) python -m hack.cluster build -t warmpool/serving:fake -f Dockerfile.serving --build-arg FLAVOR=fake .

.PHONY: bundles
bundles: bundle ## The same, and in int8; minutes and 6 GB of packages the first time.
	@$(RUN) python -m warmpool_serving.models.minilm --precision int8 --out build/bundles/minilm-int8

.PHONY: images
images: bundle ## Build the operator's and the server's images and load them into the cluster.
	@$(RUN) python -m hack.cluster build -t warmpool/operator:dev -f Dockerfile.operator .
	@$(RUN) python -m hack.cluster build -t warmpool/serving:dev -f Dockerfile.serving .
	@$(RUN) python -m hack.cluster load warmpool/operator:dev warmpool/serving:dev
