# make demo         see it work: installs what is missing, builds, runs everything on private servers
# make newcomer     a new user's hour: a clone, `make demo`, the tutorial, a restore, three incidents; counts its commands
# make test         the same set-up, then all tests; make test JOB=reindex: those of one job
# make soak         the tests that take random and long ways, long: a thousand disturbed runs, fifty failovers, a cut after
#                   every byte, ten thousand runs in one process
# make bench        what is measured, as a table (BENCH_SCALE=0.1 for a quick look)
# make build        the binaries as they ship: static Swift, stripped, in .build/release
# make lambda-zip   a job as a zip for AWS Lambda: make lambda-zip JOB=usage-aggregation
# make manifests    what follows from the binaries in k8s/ and ecs/, written again
# make image-check  the image built and run without a Docker engine (as root; takes some minutes and gigabytes)
# make dist         what is published, in .build/dist: Debian packages, a tarball, OCI archives, an SBOM, SHA256SUMS
# make dist-check   the packages of make dist, installed and run in a bare Debian (as root; takes some minutes)
# make lint         the form of the code, and the words of pages, help and messages
# make check        lint, and warnings

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.PHONY: demo newcomer test soak bench build lambda-zip manifests image-check dist dist-check lint check format

support := Tests/Support
# What tests run with all traits, too, from a build of its own; and whose tests want the tools in Python.
with_traits := usage-aggregation job-doctor event-drain outbox-delivery media-previews
with_tools := event-drain outbox-delivery
# libpq and libhiredis stay shared libraries; Swift's own are linked in, unused sections left out. So is what Swift needs
# of C++'s library, where it is there to be linked in: else each start reads a file of two megabytes for a few functions.
linked_in := .build/linked-in
link_in := mkdir -p $(linked_in) && ln -sf "$$(clang -print-file-name=libstdc++.a)" $(linked_in)/libstdc++.a
ship := -c release --static-swift-stdlib --disable-local-rpath -Xlinker --gc-sections -Xlinker -s \
  -Xswiftc -L$(CURDIR)/$(linked_in)

demo:
	@$(support)/install-packages.sh demo
	@$(link_in)
	@echo "building (the first time takes a minute or two)"
	@swift build $(ship) --traits Delivery 2>&1 | tail -1
	@$(support)/private-servers.sh Tests/Demo/demo.sh "$$(swift build $(ship) --traits Delivery --show-bin-path)"

newcomer:
	@$(support)/install-packages.sh demo
	@Tests/Newcomer/hour.sh

test:
	@$(support)/install-packages.sh test
	$(if $(filter-out $(with_tools),$(JOB)),,@$(support)/python-tools.sh)
	swift build --build-tests
	for name in $(if $(JOB),$(filter $(JOB),$(with_traits)),$(with_traits)); do \
	  swift build --traits Delivery,Kafka --scratch-path .build/traits --product $$name; done
	@JOB=$(JOB) $(support)/run-tests.sh

# ONESHOT_SEED=… does again what an earlier soak did; it prints its seed. The cuts alone take many hours (CONTRIBUTING.md
# has the figures): ONESHOT_SWEEP=3/20 is the third of twenty parts, and it says how far it is.
soak:
	@$(support)/install-packages.sh test
	swift build --build-tests
	@ONESHOT_SOAK_RUNS=$${ONESHOT_SOAK_RUNS:-1000} ONESHOT_FAILOVERS=$${ONESHOT_FAILOVERS:-50} ONESHOT_SWEEP=$${ONESHOT_SWEEP:-all} \
	  ONESHOT_SEQUENCE=$${ONESHOT_SEQUENCE:-10000} ONESHOT_DRAIN_KILLS=$${ONESHOT_DRAIN_KILLS:-1000} \
	  $(support)/run-tests.sh --filter 'Soak|ManyRuns|Sweep|Publishing|RollupCrash|RollupProperty'

bench:
	@$(support)/install-packages.sh bench
	@$(link_in)
	@$(support)/python-tools.sh
	ONESHOT_BENCH=1 swift build $(ship)
	swift build $(ship) --traits Delivery,Kafka --scratch-path .build/traits --product event-drain
	@$(support)/private-servers.sh /usr/bin/python3 Tests/Benchmarks/bench.py "$$(swift build $(ship) --show-bin-path)"

build:
	@$(support)/install-packages.sh build
	@$(link_in)
	swift build $(ship) $(if $(TRAITS),--traits $(TRAITS))

lambda-zip:
	$(if $(JOB),,$(error Which job? make lambda-zip JOB=usage-aggregation))
	@$(support)/install-packages.sh lambda
	@$(link_in)
	swift build $(ship) $(if $(TRAITS),--traits $(TRAITS)) --product "$(JOB)"
	docker/lambda-zip.sh "$$(swift build $(ship) --show-bin-path)" "$(JOB)" ".build/lambda/$(JOB).zip"

manifests:
	@$(support)/install-packages.sh test
	swift build
	k8s/generate.py "$$(swift build --show-bin-path)"
	ecs/generate.py "$$(swift build --show-bin-path)"
	ecs/generate_lambda.py "$$(swift build --show-bin-path)"

image-check:
	@$(support)/install-packages.sh image
	@$(support)/python-tools.sh
	docker/image-check.sh

# With Delivery, without which outbox-delivery has no way out: a package is one for all who install it.
dist:
	@$(support)/install-packages.sh dist
	@$(MAKE) build TRAITS=$(or $(TRAITS),Delivery)
	docker/dist.sh "$$(swift build $(ship) --show-bin-path)" .build/dist

dist-check:
	@$(support)/install-packages.sh dist-check
	docker/dist-check.sh .build/dist

lint:
	@$(support)/install-packages.sh lint
	swift format lint --strict --recursive Sources Tests Package.swift
	Tests/Lint/words.py

check: lint
	swift build

format:
	swift format --in-place --recursive Sources Tests Package.swift
