# Every command that a contributor needs; `make help` lists them. Slow downloads and builds are kept in the user's cache.
SHELL := /bin/bash
PYTHON ?= python3
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/vectorizer-operator
UV := $(CACHE)/uv/bin/uv
RUN := .venv/bin/python
CONTENT ?= Text
# What has a target of its own: `make test` stays below ten minutes.
SLOW := --ignore tests/integration/journeys --ignore tests/integration/operator/faults \
  --ignore tests/integration/operator/people \
  --ignore tests/integration/monitoring --ignore tests/integration/queueing --ignore tests/integration/chart \
  --ignore tests/integration/attacks --ignore tests/integration/expiry --ignore tests/integration/trainer
# The plans that are tried before a change lands: a round of crashes and views that cost no waiting.
QUICK_FAULTS := killed after (PATCH jobs t2|PUT vectorizers|POST delete)|every event twice|before the newer one|answer of the .* cut
# Every model comes from the cache; nothing waits for a hub that is not there.
export HF_HUB_OFFLINE := 1
# Threads that spin while they wait take the time of those that work: two trainings side by side would crawl.
export OMP_WAIT_POLICY := PASSIVE
export OPENBLAS_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: help venv tools bases generate pictures docs format lint types unit integration test trainings journeys people faults quick-faults attacks expiry monitoring queueing chart images e2e-packages e2e cluster demo quality measure bench-trainer bench-operator forecast latency admission constraints clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: .venv/.ready ## Make .venv with everything in it, linked from the cache where it can be.

$(UV): constraints/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make venv PYTHON=python3.11")'
	$(PYTHON) -m venv $(CACHE)/uv
	$(CACHE)/uv/bin/python -m pip install --quiet --require-hashes -r constraints/uv.txt
	@touch $@

.venv/bin/python: | $(UV)
	$(UV) venv --quiet --clear --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv

# What is installed changes in place: a program that runs from .venv meanwhile goes on.
.venv/.ready: constraints/dev.txt pyproject.toml | .venv/bin/python
	$(UV) pip sync --quiet --python .venv --require-hashes constraints/dev.txt
	$(UV) pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
	@touch $@

tools: venv ## Build the API server, MinIO and the rest once, from pinned Go modules.
	$(RUN) -m vectorizer_dev tools

bases: venv ## Make the small base vectorizers once, in the cache.
	$(RUN) -c 'from vectorizer_api.content import ContentType; from vectorizer_trainer.bases import ensure_base; \
	  [ensure_base(kind) for kind in ContentType]'

generate: venv ## Write the CRDs from the models, the dashboard, and the README and schema of the chart.
	$(RUN) -m vectorizer_api.crd
	$(RUN) -m vectorizer_dev.dashboard
	$(RUN) -m vectorizer_dev.api_reference
	$(RUN) -m vectorizer_dev.chart

pictures: venv ## Draw the manual's pictures of augmentations.
	$(RUN) -m vectorizer_dev.augmentation_pictures

docs: venv ## Build the manual into site/; a link that leads nowhere fails it.
	NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --quiet --strict --site-dir site

format: venv ## Format the code.
	$(RUN) -m ruff check --fix --quiet .
	$(RUN) -m ruff format --quiet .

lint: venv ## Check style and the import contracts.
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	.venv/bin/lint-imports

types: venv ## Check types, strictly.
	$(RUN) -m mypy

unit: venv ## Run the tests without I/O.
	$(RUN) -m pytest tests/unit

integration: venv tools bases ## Run the tests on a real API server, a real MinIO and the real trainer.
	$(RUN) -m pytest $(SLOW) tests/integration

test: lint types tools bases ## Run everything that must pass: lint, types, unit and integration tests.
	$(RUN) -m pytest $(SLOW) --numprocesses 2 --dist loadfile

journeys: venv tools bases ## Go the whole way of every content type on the development cluster, and interrupt it.
	$(RUN) -m pytest tests/integration/journeys --numprocesses 2 --dist loadfile

trainings: venv tools bases ## Train for real, from a folder and from the object store; stop it, and give it what cannot be trained on.
	$(RUN) -m pytest tests/integration/trainer --numprocesses 2 --dist loadfile

people: venv tools bases ## Do with `vectorizer` and `kubectl vectorizer` what an account's people do.
	$(RUN) -m pytest tests/integration/operator/people --numprocesses 2 --dist loadfile

faults: venv tools bases ## Delete, tamper with, freeze and double what works; kill it at each of its writes, show it every wrong view.
	$(RUN) -m pytest tests/integration/operator/faults --numprocesses 2 --dist loadfile
	@$(RUN) -m vectorizer_dev faults

quick-faults: venv tools bases ## The same with a few of the crashes and views.
	$(RUN) -m pytest tests/integration/operator/faults --numprocesses 2 --dist loadfile
	@$(RUN) -m vectorizer_dev faults --only '$(QUICK_FAULTS)'

attacks: venv tools bases ## Replay stolen credentials, forge results, feed bombs and hostile names: each row of docs/threats.md.
	$(RUN) -m pytest tests/integration/attacks --numprocesses 2 --dist loadfile

expiry: venv tools ## Wait a quarter of an hour, the store's shortest lifetime of credentials, until they open nothing.
	$(RUN) -m pytest tests/integration/expiry

monitoring: venv tools bases ## Test alerts and dashboard with the real Prometheus on the real operator; built once.
	$(RUN) -c 'from vectorizer_dev.tools import find_monitoring_tools; find_monitoring_tools()'
	$(RUN) -m pytest tests/integration/monitoring

queueing: venv tools bases ## Queue, displace and delete runs with the real Kueue; built once.
	$(RUN) -c 'from vectorizer_dev.tools import find_queueing_tools; find_queueing_tools()'
	$(RUN) -m pytest tests/integration/queueing

chart: venv tools bases ## Install, upgrade and remove the chart with the real Helm; read it as Argo CD does; built once.
	$(RUN) -c 'from vectorizer_dev.tools import find_helm, find_lua; find_helm(), find_lua()'
	$(RUN) -m pytest tests/integration/chart --numprocesses 2 --dist loadfile

images: venv bases ## Build both images with Podman and run each; BASE_IMAGE=… names what they stand on.
	@$(RUN) -m vectorizer_dev images --base-image '$(BASE_IMAGE)'

e2e-packages: ## Install what images and a real node need: Debian, as root.
	apt-get install --yes --no-install-recommends containerd containernetworking-plugins debootstrap iproute2 podman runc

e2e: venv tools bases ## Live a whole life on a real node: kubelet, containerd, both images (root, Debian).
	@$(RUN) -m vectorizer_dev images --base-image '$(BASE_IMAGE)'
	$(RUN) -m pytest tests/e2e

cluster: venv ## Start the development cluster; Ctrl-C ends it.
	@$(RUN) -m vectorizer_dev cluster

demo: venv ## Fine-tune on real data from kubectl apply to the new neighbours; CONTENT=Image and so on.
	@$(RUN) -m vectorizer_dev demo --content $(CONTENT)

quality: venv bases ## Prove on small sets that every type improves, and that shuffled labels hardly ever do.
	$(RUN) -m pytest tests/quality --numprocesses 2 --dist worksteal --timeout 600

measure: venv bases ## Measure the recipe on the fixed test set; CONTENT=Image and so on.
	$(RUN) bench/quality.py --content $(CONTENT)

bench-trainer: venv bases ## Train beside the tools one would pick instead; QUICK=1: one size and seed, the strongest two.
	@PYTHONPATH=bench $(RUN) -m peers $(if $(QUICK),--quick)

forecast: venv bases ## Compare what was foreseen with what the demo's data sets took: the plan, and the time left.
	OMP_NUM_THREADS=1 $(RUN) bench/forecast.py --results build/forecast.jsonl

bench-operator: venv tools bases ## Load the operator with 100, 1,000 and 5,000 fine-tunes and 10,000 lives; QUICK=1: fewer of them live.
	@PYTHONPATH=bench $(RUN) -m scale $(if $(QUICK),--quick)

latency: venv ## Measure CR -> Job over 100 fine-tunes, and the operator's memory.
	$(RUN) bench/operator_latency.py

admission: venv bases ## Measure the way from Kueue's admission to a Pod that may be scheduled.
	$(RUN) bench/queue_latency.py

constraints: $(UV) ## Pin the dependencies anew, with hashes and without index addresses.
	@for extra in operator trainer dev; do \
	  $(UV) pip compile --quiet pyproject.toml --extra $$extra --python-version 3.11 --upgrade --generate-hashes --no-header \
	    --no-annotate --no-emit-package vectorizer-operator -o constraints/$$extra.txt; done
	printf 'hatchling\nuv\n' | $(UV) pip compile --quiet - -c constraints/dev.txt --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate -o constraints/images.txt
	@for pins in bench/peers/pins/*.in; do \
	  $(UV) pip compile --quiet $$pins -c constraints/dev.txt --python-version 3.11 --upgrade --generate-hashes --no-header \
	    --no-annotate -o $${pins%.in}.txt; done

clean: ## Remove what was built in this checkout; the cache stays.
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
