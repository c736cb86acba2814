# Muster: `make demo` and `make test` do their own set-up on a fresh Debian 12 machine with Swift 6.3.

SWIFT ?= swift
BUILD_FLAGS ?=

.PHONY: help setup demo test lint bench sanitize clean

help:
	@echo "make demo      builds in release and runs the Ising model on every usable core"
	@echo "make test      lints, builds and runs every test"
	@echo "make bench     measures Muster beside the raw limits of this machine"
	@echo "make sanitize  runs the tests under the thread and the address sanitizer"

setup:
	@scripts/install-packages build

demo: setup
	$(SWIFT) build -c release --product ising $(BUILD_FLAGS)
	$$($(SWIFT) build -c release --show-bin-path $(BUILD_FLAGS))/ising Examples/Ising/parameters.txt --output results

test: setup lint
	@scripts/install-packages test
	$(SWIFT) build --build-tests $(BUILD_FLAGS)
	SWIFT="$(SWIFT)" scripts/run-tests $(BUILD_FLAGS)

lint:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests Examples

bench: setup
	$(SWIFT) build -c release --product muster-bench $(BUILD_FLAGS)
	$$($(SWIFT) build -c release --show-bin-path $(BUILD_FLAGS))/muster-bench

sanitize: setup
	scripts/sanitize thread
	scripts/sanitize address

clean:
	rm -rf .build results
