# SPDX-License-Identifier: Apache-2.0
# Weir. `make help` lists the targets. All output lies under $(BUILD).
# CROSS=aarch64-linux-gnu compiles for arm64, into build/arm64, with Debian's libraries or SYSROOT's.
BUILD ?= build$(if $(CROSS),/arm64)
ifdef CROSS
ifndef SYSROOT
SYSROOT := $(BUILD)/sysroot
libraries := $(SYSROOT)/.packages
endif
CC = $(CROSS)-gcc --sysroot=$(abspath $(SYSROOT))
AR = $(CROSS)-ar
endif
CC ?= gcc
CFLAGS ?= -O3 -g
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
VERSION := $(shell cat VERSION)
REVISION := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-Wformat=2 $(if $(WERROR),-Werror)
HARDENING ?= -fPIE -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -I. $(WARNINGS) $(HARDENING) -ffp-contract=off \
	-ffile-prefix-map=$(CURDIR)=. $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(LDFLAGS)
LIBS := -lpcap -lisal -lyaml -lzstd -lxxhash -lcrypto -lpthread -lm

ROOMS := base flow ingest bus detect store query
# The suffix of a file names the width that it is for: what the target lacks is not compiled.
MACHINE := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
FOREIGN := $(if $(filter aarch64,$(MACHINE)),%_avx2.c %_avx512.c,%_neon.c)
objects = $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(FOREIGN),$(wildcard $1)))
LIBRARY := $(BUILD)/libweir.a
TOOLS := $(BUILD)/libtools.a
GEN := $(BUILD)/libgen.a
PROGRAMS := $(BUILD)/bin/weir $(BUILD)/bin/flowq $(BUILD)/bin/weir-gen
names = $(patsubst %.c,$(BUILD)/%,$(wildcard $1))
UNIT_TESTS := $(call names,tests/unit/*_test.c)
FUZZ_REPLAYS := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%_replay,$(wildcard tests/fuzz/*_fuzz.c))
FUZZERS := $(call names,tests/fuzz/*_fuzz.c)
BENCHES := $(call names,bench/*.c)
comma := ,
quiet = $(if $(V),,@echo "  $1 $(patsubst $(BUILD)/%,%,$@)";)

all: $(PROGRAMS) ## build weir, flowq and weir-gen into build/bin

$(BUILD)/%_avx2.o: WIDTH = -mavx2 -mbmi -mbmi2
$(BUILD)/%_avx512.o: WIDTH = -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx2 -mbmi -mbmi2
$(BUILD)/tools/version.o: WIDTH = -DWEIR_VERSION='"$(VERSION)"' -DWEIR_REVISION='"$(REVISION)"'
# git writes to this log with every commit and checkout, so that the revision is never an old one.
$(BUILD)/tools/version.o: VERSION $(wildcard .git/logs/HEAD)

$(BUILD)/%.o: %.c | $(libraries)
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(ALL_CFLAGS) $(WIDTH) -MMD -MP -c -o $@ $<

$(LIBRARY): $(foreach room,$(ROOMS),$(call objects,$(room)/*.c))
$(TOOLS): $(filter-out $(BUILD)/tools/weir% $(BUILD)/tools/flowq%,$(call objects,tools/*.c))
$(GEN): $(filter-out %_main.o,$(call objects,tests/gen/*.c))
$(LIBRARY) $(TOOLS) $(GEN):
	@rm -f $@
	$(call quiet,AR)$(AR) rcsD $@ $^

link = @mkdir -p $(@D); $(if $(V),set -x,echo "  LD $(patsubst $(BUILD)/%,%,$@)"); \
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $1 $(LIBS)

$(BUILD)/bin/weir: $(call objects,tools/weir*.c) $(TOOLS) $(LIBRARY)
	$(link)
$(BUILD)/bin/flowq: $(call objects,tools/flowq*.c) $(TOOLS) $(LIBRARY)
	$(link)
$(BUILD)/bin/weir-gen: $(call objects,tests/gen/*_main.c) $(GEN) $(LIBRARY)
	$(link)
# A test of the programs or of the generator is named tools_..._test or gen_..._test.
$(filter $(BUILD)/tests/unit/tools_%,$(UNIT_TESTS)): $(TOOLS)
$(filter $(BUILD)/tests/unit/gen_%,$(UNIT_TESTS)): $(GEN)
$(BUILD)/tests/unit/json_jansson_test: ORACLE = -ljansson
# One stands in front of the allocator.
$(BUILD)/tests/unit/allocation_test: WRAP := $(addprefix -Wl$(comma)--wrap=,malloc calloc realloc \
	reallocarray aligned_alloc strdup free)
$(UNIT_TESTS): %: %.o $(LIBRARY)
	$(call link,-lcmocka -lz $(ORACLE) $(WRAP))
$(FUZZ_REPLAYS): $(BUILD)/%_replay: $(BUILD)/%.o $(BUILD)/tests/fuzz/replay.o $(LIBRARY)
	$(link)
$(BENCHES): %: %.o $(GEN) $(TOOLS) $(LIBRARY)
	$(link)
$(filter $(BUILD)/tests/fuzz/tools_%,$(FUZZERS) $(FUZZ_REPLAYS)): $(TOOLS)
$(FUZZERS): %: %.o $(LIBRARY)
	$(call link,-fsanitize=fuzzer)

demo: ## install what is missing, build, and find attacks in flow logs and in a capture
	@sh scripts/install-deps.sh build
	@$(MAKE) --no-print-directory -j2 all
	@sh scripts/demo.sh $(BUILD)

check: ## install what tests need, build, run every test
	@sh scripts/install-deps.sh build test
	@$(MAKE) --no-print-directory -j2 WERROR=1 all tests
	@sh tests/run.sh $(BUILD)

tests: $(UNIT_TESTS) $(FUZZ_REPLAYS) $(BUILD)/bench/peers

# Programs under $(BUILD)/arm64/qemu are scripts of one line that start those of arm64. What they
# write must be what the machine's own write, byte for byte (tests/cli/same_output.sh).
check-arm64: ## the tests again, compiled for arm64 and run by qemu
	@sh scripts/install-deps.sh build test arm64
	@$(MAKE) --no-print-directory -j2 WERROR=1 all
	@$(MAKE) --no-print-directory -j2 BUILD=$(BUILD)/arm64 CROSS=aarch64-linux-gnu WERROR=1 all tests
	@sh scripts/wrapped.sh $(BUILD)/arm64 $(BUILD)/arm64/qemu \
		'qemu-aarch64 -L $(abspath $(BUILD))/arm64/sysroot -0 "$$0"'
	@WEIR_PEER=$(BUILD) TEST_JOBS=2 sh tests/run.sh $(BUILD)/arm64/qemu

$(BUILD)/sysroot/.packages: scripts/arm64-sysroot.sh scripts/install-deps.sh
	@sh scripts/arm64-sysroot.sh $(@D)

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
asan: ## the tests again under AddressSanitizer and UBSan, compiled by clang
	@sh scripts/install-deps.sh build test
	@$(MAKE) --no-print-directory -j2 BUILD=$(BUILD)/asan CC=clang WERROR=1 HARDENING=-fPIE \
		CFLAGS='-O1 -g -fno-omit-frame-pointer $(SANITIZE)' LDFLAGS='$(SANITIZE)' all tests
	@sh tests/run.sh $(BUILD)/asan

# What runs in several threads.
THREADED := tests/unit/crew_test tests/unit/flows_queue_test tests/unit/feed_test
tsan: ## the tests of threads under ThreadSanitizer, compiled by clang
	@sh scripts/install-deps.sh build test
	@$(MAKE) --no-print-directory -j2 BUILD=$(BUILD)/tsan CC=clang WERROR=1 HARDENING=-fPIE \
		CFLAGS='-O1 -g -fsanitize=thread' LDFLAGS=-fsanitize=thread all \
		$(addprefix $(BUILD)/tsan/,$(THREADED))
	@for test in $(THREADED) tests/cli/same_output.sh tests/cli/capture.sh; do \
		sh tests/run.sh $(BUILD)/tsan $$test || exit 1; done

# Valgrind knows no AVX-512, nor does its processor say that it has it; AVX2's loops run.
VALGRIND := valgrind -q --error-exitcode=99 --suppressions=$(CURDIR)/scripts/valgrind.supp \
	--leak-check=full --errors-for-leak-kinds=definite,indirect,possible
valgrind: ## the unit tests under memcheck (several minutes)
	@sh scripts/install-deps.sh build test valgrind
	@$(MAKE) --no-print-directory -j2 WERROR=1 all tests
	@sh scripts/wrapped.sh $(BUILD) $(BUILD)/valgrind '$(VALGRIND)'
	@TEST_JOBS=2 sh tests/run.sh $(BUILD)/valgrind tests/unit/

coverage: ## what the tests run of the rooms and programs, as build/coverage/report/index.html
	@sh scripts/install-deps.sh build test coverage
	@$(MAKE) --no-print-directory -j2 BUILD=$(BUILD)/coverage HARDENING=-fPIE \
		CFLAGS='-O1 -g --coverage -fprofile-update=atomic' LDFLAGS=--coverage all tests
	@sh scripts/coverage.sh $(BUILD)/coverage

tidy: ## clang-tidy over the rooms and programs (several minutes)
	@sh scripts/install-deps.sh build tidy
	@sh scripts/tidy.sh

fuzz: ## run each fuzzer for FUZZ_SECONDS (default 60)
	@sh scripts/install-deps.sh build test
	@$(MAKE) --no-print-directory -j2 BUILD=$(BUILD)/fuzz CC=clang HARDENING=-fPIE \
		CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all' \
		LDFLAGS='$(SANITIZE)' fuzzers
	@sh tests/fuzz/run.sh $(BUILD)/fuzz $(FUZZ_SECONDS)

fuzzers: $(FUZZERS)

bench: all $(BENCHES) ## measure every claim against its peer (several minutes)
	@sh scripts/install-deps.sh build bench
	@sh bench/run.sh $(BUILD)

eval: all $(BUILD)/bench/peers ## what replay finds of generated fleets with their truth, and its false alerts (minutes)
	@python3 bench/eval.py $(BUILD) $(EVAL)
	@python3 bench/captures_eval.py $(BUILD) $${WEIR_SHARED:-../shared}/data || :

nab: $(BUILD)/bench/nab_core ## the envelope core on the Numenta Anomaly Benchmark's series, where they are
	@python3 bench/nab.py $(BUILD)

golden: all ## rewrite the expectations under tests/data, tables in docs, and show the difference
	@sh tests/cli/golden.sh $(BUILD) rewrite
	@sh tests/cli/detection.sh $(BUILD) rewrite
	@git diff --stat tests/data docs

layers: ## no room may include one to its right
	@sh scripts/layers.sh

format: ## clang-format over all sources
	clang-format -i $$(git ls-files '*.c' '*.h')

MAN := $(BUILD)/man/weir.1 $(BUILD)/man/flowq.1
$(BUILD)/man/%.1: $(BUILD)/bin/%
	@mkdir -p $(@D)
	$(call quiet,MAN)$< --man > $@

install: all $(MAN) ## copy programs and man pages below PREFIX (DESTDIR is honoured)
	install -D -t $(DESTDIR)$(PREFIX)/bin $(BUILD)/bin/weir $(BUILD)/bin/flowq
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 $(MAN)
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man5 docs/weir.yaml.5
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man7 docs/weir-filter.7

uninstall: ## remove what install copied
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,bin/weir bin/flowq share/man/man1/weir.1 \
		share/man/man1/flowq.1 share/man/man5/weir.yaml.5 share/man/man7/weir-filter.7)

clean: ## remove build/
	rm -rf $(BUILD)

help: ## print this
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

.PHONY: eval nab all demo check check-arm64 tests asan valgrind coverage tidy fuzz fuzzers bench golden layers format install \
	uninstall clean help
.PRECIOUS: $(BUILD)/%.o
-include $(shell find $(BUILD) -name sysroot -prune -o -name '*.d' -print 2>/dev/null)
