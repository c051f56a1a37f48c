# What a person types. Everything is built by CMake into build/; nothing else is written but by install.
SHELL := /bin/sh
PREFIX ?= /usr/local
PRESET ?= release
JOBS ?= $(shell nproc)
BUILD := build/$(PRESET)

.PHONY: help setup build test demo up install format check sanitize sanitize-core tsan sim fuzz conformance bench clean disk-faults torture recovery bad-peers slow-clients bench-patch bench-peers bench-apply network deb deb-try

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: ## install the Debian packages that are missing (root or sudo)
	@deploy/install-packages

build: setup ## the four programs, in build/release/bin
	@cmake --preset $(PRESET) -DGHOST_TESTS=OFF >/dev/null
	@cmake --build $(BUILD) --parallel $(JOBS)

test: setup ## build and run every test
	@cmake --preset $(PRESET) -DGHOST_TESTS=ON >/dev/null
	@cmake --build $(BUILD) --parallel $(JOBS)
	@tests/summary $(BUILD) --parallel $(JOBS)

demo: build ## a whole farm on this machine, five patches, their verdicts; then stops
	@deploy/local/demo $(BUILD)/bin

up: build ## broker, relay and runners in the foreground; Ctrl-C stops them
	@exec $(BUILD)/bin/ghost up $(ARGS)

install: build ## programs, man pages, completions and units under PREFIX (/usr/local), below DESTDIR
	@cmake --install $(BUILD) --prefix $(PREFIX)

format: ## clang-format all of our code
	@git ls-files 'src/*.h' 'src/*.cc' 'tests/*.h' 'tests/*.cc' 'bench/*.h' 'bench/*.cc' | xargs clang-format -i

check: ## formatting and generated files are current
	@git ls-files 'src/*.h' 'src/*.cc' 'tests/*.h' 'tests/*.cc' 'bench/*.h' 'bench/*.cc' \
	  | xargs clang-format --dry-run --Werror
	@proto_schemas/generate.py --check

sanitize: ## every test under ASan and UBSan
	@$(MAKE) --no-print-directory test PRESET=asan-ubsan

sanitize-core: setup ## what decides and what decodes (label `core`) under ASan and UBSan
	@cmake --preset asan-ubsan -DGHOST_TESTS=ON >/dev/null
	@cmake --build build/asan-ubsan --parallel $(JOBS) --target core_tests
	@tests/summary build/asan-ubsan --parallel $(JOBS) -L core

tsan: setup ## the threaded parts (label `threads`: the runner, sockets) under TSan
	@cmake --preset tsan -DGHOST_TESTS=ON >/dev/null
	@cmake --build build/tsan --parallel $(JOBS) --target thread_tests
	@tests/summary build/tsan --parallel $(JOBS) -L threads

disk-faults: setup ## what a power failure or a failing disk leaves of the broker's store: IMAGES (10000) of the one, every index of the other
	@cmake --preset release -DGHOST_TESTS=ON >/dev/null
	@cmake --build build/release --parallel $(JOBS) --target crash_images broker_eio_test
	@build/release/bin/crash_images $(or $(IMAGES),10000) $(or $(SEED),1)
	@build/release/bin/crash_images 1000 $(or $(SEED),1) control
	@GHOST_EIO_EVERY=1 build/release/bin/broker_eio_test --gtest_brief=1

torture: setup ## known bugs, each caught; then real processes under kill -9 and stops until KILLS (2000) and each crash point HITS (20) times, SECONDS (900) at most
	@cmake --preset release -DGHOST_TESTS=ON >/dev/null
	@cmake --build build/release --parallel $(JOBS) --target ghost-relay ghost-runner ghost-history-check
	@cmake --preset release -B build/torture -DGHOST_TESTS=OFF -DGHOST_CRASH_POINTS=ON >/dev/null
	@cmake --build build/torture --parallel $(JOBS) --target ghost-broker
	@for bug in job_not_kept result_not_kept key_not_unique; do \
	  tests/torture/torture.py build/release/bin --broker build/torture/bin/ghost-broker --planted $$bug \
	    --checker build/release/bin/ghost-history-check --kills 150 --seconds 40 --seed $(or $(SEED),1) || exit 1; done
	@tests/torture/torture.py build/release/bin --broker build/torture/bin/ghost-broker \
	  --checker build/release/bin/ghost-history-check --kills $(or $(KILLS),2000) --hits $(or $(HITS),20) \
	  --seconds $(or $(SECONDS),900) --seed $(or $(SEED),1)

recovery: setup ## how soon a killed broker serves again with QUEUED (100000) jobs: within five seconds
	@cmake --preset release -DGHOST_TESTS=ON >/dev/null
	@cmake --build build/release --parallel $(JOBS) --target ghost-broker
	@tests/torture/recovery_test.py build/release/bin/ghost-broker --jobs $(or $(QUEUED),100000) --times 5

bad-peers: setup ## what one bad peer costs everybody else: p99 beside it against p99 alone, ROUNDS (5) of each
	@cmake --preset release -DGHOST_TESTS=ON >/dev/null
	@cmake --build build/release --parallel $(JOBS) --target ghost-broker
	@tests/torture/bad_peers.py build/release/bin/ghost-broker --judge --rounds $(or $(ROUNDS),5) --jobs 500

slow-clients: setup ## what 4,000 slow HTTP clients, in step or not, cost a healthy one: p99 beside them against p99 alone, ROUNDS (5) of each
	@cmake --preset release -DGHOST_TESTS=ON >/dev/null
	@cmake --build build/release --parallel $(JOBS) --target ghost-broker ghost-relay
	@for how in '' --in-step; do \
	  tests/torture/slow_clients.py build/release/bin --judge --rounds $(or $(ROUNDS),5) --calls 3000 $$how || exit 1; done

network: setup ## a farm over four hosts whose network is cut, loses and delays; needs root
	@cmake --preset release -DGHOST_TESTS=ON >/dev/null
	@cmake --build build/release --parallel $(JOBS) --target ghost-broker ghost-relay ghost-runner
	@tests/torture/network_test.py build/release/bin --long

sim: setup ## farms over a simulated network, disk and clocks, SIM_SECONDS (600) from seed FROM (1); SEED=n repeats one
	@cmake --preset release -DGHOST_TESTS=ON >/dev/null
	@cmake --build build/release --parallel $(JOBS) --target ghost-sim
	@build/release/bin/ghost-sim $(if $(SEED),--seed $(SEED),--from $(or $(FROM),1) --seconds $(or $(SIM_SECONDS),600))

fuzz: setup ## every decoder under libFuzzer, FUZZ_SECONDS (60) each; needs clang
	@command -v clang++ >/dev/null || { echo "make fuzz needs clang and libclang-rt-14-dev (apt-get install them)" >&2; exit 1; }
	@cmake --preset fuzz >/dev/null
	@cmake --build build/fuzz --parallel $(JOBS) --target $$(ls tests/fuzz/*_fuzz.cc | sed 's|.*/\(.*\)_fuzz.cc|fuzz_\1|')
	@tests/fuzz/run build/fuzz $(or $(FUZZ_SECONDS),60)

bench: setup ## Ghost against the floors, RUNS (5) runs; JSON lines in build/bench.jsonl; ONLY=part,... measures parts
	@cmake --preset release -B build/bench -DGHOST_TESTS=OFF -DGHOST_BENCH=ON >/dev/null
	@cmake --build build/bench --parallel $(JOBS) --target ghost-broker ghost-relay ghost-bench-load ghost-bench-crowd \
	  ghost-bench-floor ghost-bench-http-load ghost-bench-http-floor
	@bench/run build/bench/bin build/bench.jsonl --runs $(or $(RUNS),5) $(if $(ONLY),--only $(ONLY)) \
	  --jobs $(or $(JOBS_A_RUN),100000) --deep $(or $(DEEP),1000000)

bench-patch: setup ## what a runner adds to a patch, RUNS (5) runs; REPO=path adds a real repository; docs/patch.md, build/bench-patch.jsonl
	@cmake --preset release -B build/bench -DGHOST_TESTS=OFF -DGHOST_BENCH=ON >/dev/null
	@cmake --build build/bench --parallel $(JOBS) --target ghost-runner ghost-bench-patch
	@bench/patch_run build/bench/bin build/bench-patch.jsonl --runs $(or $(RUNS),5) $(if $(REPO),--repo $(REPO)) --docs docs

bench-peers: setup ## Ghost, floors and peers in one run (installs the peers); build/bench-peers.jsonl, docs/BENCHMARKS.md
	@bench/peers/install
	@cmake --preset release -B build/bench -DGHOST_TESTS=OFF -DGHOST_BENCH=ON -DGHOST_BENCH_PEERS=ON >/dev/null
	@cmake --build build/bench --parallel $(JOBS) --target ghost-broker ghost-bench-load ghost-bench-floor \
	  $$(ls bench/peers/*.cc | sed 's|bench/peers/\(.*\).cc|ghost-bench-\1|')
	@bench/run-peers build/bench/bin build/bench-peers.jsonl docs --runs $(or $(RUNS),5)

bench-apply: setup ## the patch engine: size of the repository, patches a second, hostile input; build/bench/apply.jsonl
	@cmake --preset release -B build/bench -DGHOST_TESTS=OFF -DGHOST_BENCH=ON >/dev/null
	@cmake --build build/bench --parallel $(JOBS) --target ghost-bench-apply
	@bench/apply build/bench/bin/ghost-bench-apply build/bench/apply.jsonl

conformance: setup ## the patch engine against git and GNU patch on Debian's sources; writes docs/CONFORMANCE.md (about 15 min)
	@cmake --preset release -DGHOST_TESTS=ON >/dev/null
	@cmake --build build/release --parallel $(JOBS) --target patch_replay
	@tests/conformance/patches/conformance.py --replay build/release/bin/patch_replay --scratch build/conformance \
	  --summary docs/CONFORMANCE.md --corruptions $(or $(CORRUPTIONS),10000) --seed $(or $(SEED),1) --jobs $(JOBS)

deb: setup ## Debian packages of the four programs, in build/release/packages
	@cmake --preset $(PRESET) -DGHOST_TESTS=OFF >/dev/null
	@cmake --build $(BUILD) --parallel $(JOBS)
	@cd $(BUILD) && cpack -G DEB

deb-try: deb ## install, start, remove and purge them in a scratch root; needs root, debootstrap and a mirror
	@deploy/debian/try $(BUILD)/packages

clean: ## remove build/
	@rm -rf build
