# carat. `make help` lists the targets; V=1 shows the commands.
#
# Objects go to $(BUILD); the user's CC, CFLAGS, CPPFLAGS, LDFLAGS come after ours
# and win. A part is a folder; its sources are found, not listed.

.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:

CC      ?= cc
ifeq ($(origin CC),default)
CC      := cc
endif
AR      ?= ar
PKG_CONFIG ?= pkg-config
BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
INSTALL ?= install
WERROR  ?=
SANITIZE ?=

VERSION := $(shell cat VERSION)
DESCRIBE := $(shell git describe --always --dirty --tags 2>/dev/null || echo unknown)

# Dependency order (DESIGN.md): a part may include itself and what stands before it as allowed by tools/lint.
PARTS   := base engine tasks datasets results reports harness
LIBS    := yaml-0.1 sqlite3 libcurl libpcre2-8 zlib libarchive jansson librsvg-2.0 cairo libcrypto libseccomp
PACKAGES := gcc make pkg-config libsqlite3-dev libcurl4-openssl-dev libpcre2-dev zlib1g-dev \
	libarchive-dev libjansson-dev libyaml-dev librsvg2-dev libcairo2-dev libssl-dev libseccomp-dev libcriterion-dev \
	bubblewrap python3 fonts-dejavu-core git ca-certificates
DEV_PACKAGES := clang clang-format clang-tidy libclang-rt-dev valgrind gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static

LIB_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(LIBS) 2>/dev/null)
LIB_LIBS   = $(shell $(PKG_CONFIG) --libs $(LIBS) 2>/dev/null)

WARN    := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
ALL_CPPFLAGS = -I. -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 $(LIB_CFLAGS) $(CPPFLAGS)
# -ffp-contract=off: where a fused multiply-add is meant it is written; the compiler may not choose,
# or results would depend on it.
ALL_CFLAGS = -std=c17 -O2 -g -fno-math-errno -ffp-contract=off -fPIC -pthread $(WARN) $(if $(WERROR),-Werror) \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=undefined) $(CFLAGS)
ALL_LDFLAGS = -pthread $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(LDFLAGS)
# -rdynamic: a task plugin sees nothing of ours but what its host table gives; -ldl for dlopen on old libcs.
ALL_LIBS = $(LIB_LIBS) -lm -ldl

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n' $(1) $(2)
endif

# ---- sources -------------------------------------------------------------------

sources = $(sort $(wildcard $(1)/*.c $(1)/*/*.c $(1)/*/*/*.c))
# The kernels are one source compiled once for each instruction set.
ISA_SRC := $(if $(filter engine,$(PARTS)),$(wildcard engine/compute/kernels*.c))
SRCS    := $(filter-out $(ISA_SRC) harness/main.c,$(foreach p,$(PARTS),$(call sources,$(p))))
# Without a compiler yet (`make deps test` on a bare machine) the machine itself is asked.
ARCH    := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null || uname -m)))
ifeq ($(ARCH),x86_64)
ISAS    := portable avx2 avx512 avx512vnni avx512bf16
else ifeq ($(ARCH),aarch64)
ISAS    := portable neon
else
ISAS    := portable
endif
ISA_FLAGS_portable :=
ISA_FLAGS_avx2   := -mavx2 -mfma -mf16c
ISA_FLAGS_avx512 := -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx2 -mfma -mf16c
# The AVX-512 ones are all KERNEL_ISA_avx512 to the sources; what they have besides is named.
ISA_FLAGS_avx512vnni := $(ISA_FLAGS_avx512) -mavx512vnni -DKERNEL_ISA_avx512 -DKERNEL_HAS_VNNI
ISA_FLAGS_avx512bf16 := $(ISA_FLAGS_avx512vnni) -mavx512bf16 -DKERNEL_HAS_BF16
ISA_FLAGS_neon   :=
# The portable lanes are plain loops: at -O3, or under the sanitizers, compilers take minutes over them for nothing.
# The fuzzers do not come to the kernels, and clang takes minutes to watch them.
ISA_NOT  = -O2 $(if $(findstring fuzzer,$(SANITIZE)),-fsanitize=%)
ISA_OPT  = $(if $(filter portable,$(1)),$(if $(SANITIZE),-O0,-O2),-O3)
ISA_OBJS := $(foreach i,$(ISAS),$(ISA_SRC:%.c=$(BUILD)/obj/%-$(i).o))

OBJS    := $(SRCS:%.c=$(BUILD)/obj/%.o) $(ISA_OBJS)
MAIN    := $(BUILD)/obj/harness/main.o
LIB     := $(BUILD)/libcarat$(UNIT:%=-%).a

T       ?=
TEST_PARTS := $(PARTS) e2e
TEST_SRCS := $(sort $(foreach p,$(if $(T),$(T),$(TEST_PARTS)),$(call sources,tests/$(p))) $(wildcard tests/support/*.c))
TEST_OBJS := $(TEST_SRCS:%.c=$(BUILD)/obj/%.o)
UNIT    ?=
TEST_BIN  := $(BUILD)/tests/$(or $(UNIT),all)

# ---- what there is to make -------------------------------------------------------

.PHONY: all
all: carat ## build ./carat (default)

ifeq ($(BUILD),build)
carat: $(BUILD)/carat
	$(Q)ln -sf $(BUILD)/carat carat
else
.PHONY: carat
carat: $(BUILD)/carat
endif

.PHONY: check-libs
check-libs:
	@$(PKG_CONFIG) --exists $(LIBS) 2>/dev/null || { \
	  for l in $(LIBS); do $(PKG_CONFIG) --exists $$l 2>/dev/null || echo "make: the library $$l is missing"; done; \
	  echo "hint: 'make deps' installs what carat needs on Debian"; exit 1; }

$(BUILD)/obj/%.o: %.c | check-libs
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

define isa_rule
$(BUILD)/obj/%-$(1).o: %.c | check-libs
	$$(call say,CC,"$$< [$(1)]")
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(ALL_CPPFLAGS) -DKERNEL_ISA=$(1) -DKERNEL_ISA_$(1) $$(filter-out $$(ISA_NOT),$$(ALL_CFLAGS)) $(call ISA_OPT,$(1)) $(ISA_FLAGS_$(1)) -MMD -MP -c $$< -o $$@
endef
$(foreach i,$(ISAS),$(eval $(call isa_rule,$(i))))

# The version is compiled into one object, rebuilt only when it changes.
$(BUILD)/build_version.h: FORCE
	@mkdir -p $(@D)
	@{ echo '#define CARAT_VERSION "$(VERSION)"'; echo '#define CARAT_DESCRIBE "$(DESCRIBE)"'; } > $@.new; \
	  if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
.PHONY: FORCE
FORCE:
$(BUILD)/obj/harness/version.o: $(BUILD)/build_version.h
$(BUILD)/obj/harness/version.o: ALL_CPPFLAGS += -I$(BUILD)

$(LIB): $(OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(OBJS)

$(BUILD)/carat: $(MAIN) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(MAIN) $(LIB) $(ALL_LDFLAGS) $(ALL_LIBS) -o $@

# ---- tests -----------------------------------------------------------------------

# The sources' list is part of the target: a test file added or removed relinks.
$(TEST_BIN): $(TEST_OBJS) $(LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(TEST_OBJS) $(LIB) $(ALL_LDFLAGS) $(shell $(PKG_CONFIG) --libs criterion) $(ALL_LIBS) -o $@

.PHONY: test
test: lint $(BUILD)/carat $(TEST_BIN) ## run all tests; CARAT_SHARED=FOLDER adds the larger goldens
	@CARAT_BUILD=$(BUILD) CARAT_BIN=$(BUILD)/carat $(TEST_BIN) $(TESTFLAGS)

.PHONY: check
check: ## the tests of the parts alone, without the end-to-end ones
	@$(MAKE) --no-print-directory test TESTFLAGS='--filter=!(e2e*)/*'

.PHONY: kill-test
kill-test: ## kill -9 at CARAT_KILLS (250) random moments of runs, and look at every row
	@CARAT_KILLS=$${CARAT_KILLS:-250} $(MAKE) --no-print-directory test TESTFLAGS='--filter=e2e_kill/*'

# A part's tests with just what the part may use: `make test-engine`. They also prove the arrows.
NEEDS_base     := base
NEEDS_engine   := base engine
NEEDS_tasks    := base tasks harness/protocol
NEEDS_datasets := base datasets
NEEDS_results  := base results
NEEDS_reports  := base reports
NEEDS_sandbox  := base harness/sandbox
TESTS_tasks    := tasks harness/protocol
TESTS_sandbox  := harness/sandbox
UNITS := base engine tasks datasets results reports sandbox
.PHONY: $(UNITS:%=test-%)
$(UNITS:%=test-%): test-%: ## test-PART: one part's tests, linked with what the part may use alone
	@$(MAKE) --no-print-directory PARTS="$(NEEDS_$*)" T="$(or $(TESTS_$*),$*)" UNIT=$* unit
.PHONY: unit
unit: $(TEST_BIN)
	@CARAT_BUILD=$(BUILD) $(TEST_BIN) $(TESTFLAGS)

# The reference harness is installed for this alone, without any model library; a stamp says that it is whole.
REFERENCE         ?= $(BUILD)/reference
REFERENCE_VERSION := 0.4.13
REFERENCE_PYTHON   = $(abspath $(REFERENCE))/bin/python
$(REFERENCE)/lm_eval-$(REFERENCE_VERSION):
	$(call say,PIP,$@)
	$(Q)python3 -m venv $(REFERENCE) && \
	  $(REFERENCE_PYTHON) -m pip install --quiet --disable-pip-version-check lm_eval==$(REFERENCE_VERSION) || { \
	  echo "make: lm_eval $(REFERENCE_VERSION) cannot be installed: python3-venv and a package index are needed"; exit 1; }
	@touch $@

.PHONY: test-reference
test-reference: $(REFERENCE)/lm_eval-$(REFERENCE_VERSION) $(BUILD)/carat $(TEST_BIN) ## benchmarks and task files against lm_eval, which pip installs
	@CARAT_BUILD=$(BUILD) CARAT_BIN=$(BUILD)/carat CARAT_REFERENCE=$(REFERENCE_PYTHON) \
	  $(TEST_BIN) --filter='*_reference/*' $(TESTFLAGS)

# The kernels for AArch64, built by a cross compiler without any library and run by qemu.
NEON_CC   ?= aarch64-linux-gnu-gcc
NEON_RUN  ?= qemu-aarch64-static
NEON_SRCS := $(addprefix engine/compute/,dispatch.c fixmath.c quantize_row.c) engine/model/dtype.c base/err.c \
	tests/engine/compute/test_kernels.c tests/engine/compute/test_blocks.c tests/neon/main.c
NEON_OBJ  := $(BUILD)/neon
NEON_FLAGS = -I$(NEON_OBJ)/include -Itests/neon -I. -D_POSIX_C_SOURCE=200809L -std=c17 -O2 -fno-math-errno \
	-ffp-contract=off $(WARN) -Werror
.PHONY: test-neon
test-neon: ## the kernels' tests for AArch64, by a cross compiler and qemu
	@command -v $(NEON_CC) >/dev/null && command -v $(NEON_RUN) >/dev/null || { \
	  echo "make: $(NEON_CC) and $(NEON_RUN) are needed (Debian: gcc-aarch64-linux-gnu qemu-user-static)"; exit 1; }
	@mkdir -p $(NEON_OBJ)/include
	@for h in jansson.h jansson_config.h; do cp "$$($(PKG_CONFIG) --variable=includedir jansson)/$$h" $(NEON_OBJ)/include/; done
	$(call say,CC,"kernels [neon]")
	$(Q)for i in portable neon; do for s in kernels kernels_packed kernels_int8 kernels_blocks; do \
	  $(NEON_CC) $(NEON_FLAGS) -DKERNEL_ISA=$$i -DKERNEL_ISA_$$i -c engine/compute/$$s.c -o $(NEON_OBJ)/$$s-$$i.o || exit 1; done; done
	$(Q)$(NEON_CC) $(NEON_FLAGS) -static $(NEON_SRCS) $(NEON_OBJ)/*.o -lm -o $(NEON_OBJ)/test
	@$(NEON_RUN) $(NEON_OBJ)/test

.PHONY: asan
asan: ## the same tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 LSAN_OPTIONS=suppressions=$(CURDIR)/tests/support/lsan.supp:print_suppressions=0 $(MAKE) --no-print-directory BUILD=$(BUILD)/asan SANITIZE=address,undefined test

.PHONY: count
count: $(BUILD)/carat ## instructions of a small fixed run, part by part, against those recorded (callgrind)
	@CARAT_BIN=$(abspath $(BUILD)/carat) tools/count

SHAPE ?= gemma-2b
.PHONY: bench
bench: $(BUILD)/carat ## the machine's limits and what share of them a shape reaches (SHAPE=gemma-2b)
	$(Q)$(BUILD)/carat bench --shape $(SHAPE)

PEERS ?= $(BUILD)/peers
PEERS_ROUNDS ?= 3
PEERS_RUN = . $(PEERS)/env && $(PEERS)/venv/bin/python bench/peers.py $(PEERS) --python $(abspath $(PEERS))/venv/bin/python \
  --llama $(abspath $(PEERS))/llama-build/bin --repeat $(PEERS_ROUNDS)
.PHONY: bench-peers
bench-peers: $(BUILD)/carat ## carat beside lm-eval, llama.cpp and gemma.cpp, by turns; needs the package index, 25 GB and hours
	bench/setup.sh $(PEERS)
	$(PEERS_RUN) --shapes 65m --precisions f32,bf16 --only evaluate
	$(PEERS_RUN) --shapes gemma-2b --precisions bf16 --only speeds
	$(PEERS_RUN) --shapes gemma-2b --precisions bf16 --only evaluate --workloads hellaswag,mmlu --items 20,mmlu=100
	bench/tables.py $(PEERS) docs/performance.md

.PHONY: lint
lint: ## include direction, headers that compile alone, forbidden calls
	@tools/lint

FUZZ_SRCS := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BINS := $(FUZZ_SRCS:tests/fuzz/%.c=$(BUILD)/fuzz/%)
.PHONY: fuzz
fuzz: ## build the libFuzzer targets (clang) into $(BUILD)/fuzz/bin
	@$(MAKE) --no-print-directory CC=clang BUILD=$(BUILD)/fuzz SANITIZE=address,undefined,fuzzer-no-link fuzz-bins
.PHONY: fuzz-bins
fuzz-bins: $(FUZZ_SRCS:tests/fuzz/%.c=$(BUILD)/bin/%)
$(BUILD)/bin/%: $(BUILD)/obj/tests/fuzz/%.o $(LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $< $(LIB) $(filter-out -fsanitize=%,$(ALL_LDFLAGS)) -fsanitize=address,undefined,fuzzer $(ALL_LIBS) -o $@

# ---- the demo, installation, housekeeping --------------------------------------------

.PHONY: demo
demo: ## the whole road on the bundled checkpoints: scores, tables, chart
	@$(MAKE) --no-print-directory -j$$(nproc) carat
	$(Q)$(BUILD)/carat demo

# $(call install_packages,PACKAGES): those that are not there yet; another system is told what to look for.
define install_packages
	@if command -v apt-get >/dev/null 2>&1; then \
	  missing=$$(for p in $(1); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	  if [ -n "$$missing" ]; then \
	    sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	    $$sudo apt-get update -q && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -q --no-install-recommends $$missing; \
	  else echo "all packages are installed"; fi; \
	else \
	  echo "make $@ knows Debian and its relatives. Elsewhere, install a C17 compiler, GNU make, pkg-config,"; \
	  echo "bubblewrap, python3 and the development files of: $(LIBS) criterion"; \
	fi
endef
.PHONY: deps
deps: ## install the Debian packages carat needs (as root, or through sudo)
	$(call install_packages,$(PACKAGES))

.PHONY: deps-dev
deps-dev: ## ... and what checks it further: clang with its fuzzer, valgrind, a cross compiler for ARM
	$(call install_packages,$(DEV_PACKAGES))

.PHONY: install
install: $(BUILD)/carat ## install to $(DESTDIR)$(PREFIX)
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/include/carat $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/carat
	$(INSTALL) -m 755 $(BUILD)/carat $(DESTDIR)$(PREFIX)/bin/carat
	$(INSTALL) -m 644 tasks/task.h $(DESTDIR)$(PREFIX)/include/carat/task.h
	$(INSTALL) -m 644 docs/carat.1 $(DESTDIR)$(PREFIX)/share/man/man1/carat.1
	cp -R demo/data demo/models demo/suites $(DESTDIR)$(PREFIX)/share/carat/
$(BUILD)/obj/harness/%.o: ALL_CPPFLAGS += -DCARAT_DATADIR='"$(PREFIX)/share/carat"'

.PHONY: uninstall
uninstall: ## remove what install put there
	rm -rf $(DESTDIR)$(PREFIX)/bin/carat $(DESTDIR)$(PREFIX)/include/carat $(DESTDIR)$(PREFIX)/share/man/man1/carat.1 $(DESTDIR)$(PREFIX)/share/carat

.PHONY: format
format: ## clang-format over all sources
	clang-format -i $(shell git ls-files '*.c' '*.h')

.PHONY: tidy
tidy: ## clang-tidy over all sources
	clang-tidy --quiet $(SRCS) -- $(ALL_CPPFLAGS) -std=c17

.PHONY: dist
dist: ## a source archive of the last commit
	git archive --prefix=carat-$(VERSION)/ -o carat-$(VERSION).tar.gz HEAD

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BUILD) $(if $(filter build,$(BUILD)),carat)

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 14

-include $(OBJS:.o=.d) $(MAIN:.o=.d) $(TEST_OBJS:.o=.d)
