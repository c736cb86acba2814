# Muster: `make demo` and `make test` do their own set-up on a fresh Debian 12 machine with Swift 6.3.

SWIFT ?= swift
BUILD_FLAGS ?=
# With MPI where there is one: asked when it is used, after the set-up may have installed it.
MPI_TRAITS = $$(pkg-config --exists ompi-c && echo --traits MPI)
FLAGS = $(MPI_TRAITS) $(BUILD_FLAGS)

.PHONY: help setup setup-mpi demo test test-mpich lint bench docs man sanitize clean

help:
	@echo "make demo      builds in release and runs the Ising model on every usable core"
	@echo "make test      lints, builds and runs every test"
	@echo "make test-mpich builds with MPICH in place of Open MPI and runs the tests of MPI"
	@echo "make bench     measures Muster beside the raw limits of this machine"
	@echo "make docs      builds the documentation into .build/docs; a warning of DocC is an error"
	@echo "make man       builds the command muster and writes its manual into man/man1 (MANPATH=man man muster)"
	@echo "make sanitize  runs the tests under the thread and the address sanitizer"

setup:
	@scripts/install-packages build

setup-mpi: setup
	@scripts/install-packages mpi || echo "Going on without MPI."

demo: setup-mpi
	$(SWIFT) build -c release --product ising $(FLAGS)
	bin=$$($(SWIFT) build -c release --show-bin-path $(FLAGS)) && \
	$$bin/ising Examples/Ising/parameters.txt --output results && \
	scripts/demo-mpi $$bin/ising Examples/Ising/parameters.txt results

test: setup-mpi lint
	@scripts/install-packages test
	$(SWIFT) build --build-tests $(FLAGS)
	SWIFT="$(SWIFT)" scripts/build-docs $(FLAGS)
	SWIFT="$(SWIFT)" scripts/run-tests $(FLAGS)

# With the other MPI of Debian; a build of its own.
test-mpich: setup
	@scripts/install-packages mpich
	SWIFT="$(SWIFT)" scripts/test-mpich

lint:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests Examples

bench: setup
	$(SWIFT) build -c release --product muster-bench $(BUILD_FLAGS)
	$$($(SWIFT) build -c release --show-bin-path $(BUILD_FLAGS))/muster-bench

docs: setup-mpi
	$(SWIFT) build $(FLAGS)
	SWIFT="$(SWIFT)" scripts/build-docs $(FLAGS)

man: setup-mpi
	$(SWIFT) build -c release --product muster $(FLAGS)
	$$($(SWIFT) build -c release --show-bin-path $(FLAGS))/muster manual --directory man/man1

sanitize: setup
	scripts/sanitize thread
	scripts/sanitize address

clean:
	rm -rf .build results man
