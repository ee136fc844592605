# SPDX-License-Identifier: Apache-2.0
# Weir. `make help` lists the targets. All output lies under $(BUILD).
BUILD ?= build
CC ?= gcc
CFLAGS ?= -O3 -g
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-Wformat=2 $(if $(WERROR),-Werror)
HARDENING := -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -I. $(WARNINGS) $(HARDENING) -ffp-contract=off $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(LDFLAGS)
LIBS := -lisal -lzstd -lxxhash -lcrypto -lpthread -lm

ROOMS := base flow ingest bus detect store query
SOURCES := $(foreach room,$(ROOMS),$(wildcard $(room)/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*_test.c))
quiet = $(if $(V),,@echo "  $1" $(patsubst $(BUILD)/%,%,$@);)

all: $(BUILD)/libweir.a

# The suffix of a file names the width that it is compiled for.
%_avx2.o: WIDTH = -mavx2 -mbmi -mbmi2
$(BUILD)/%_avx2.o: WIDTH = -mavx2 -mbmi -mbmi2
$(BUILD)/%_avx512.o: WIDTH = -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx2 -mbmi -mbmi2

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(ALL_CFLAGS) $(WIDTH) -MMD -MP -c -o $@ $<

$(BUILD)/libweir.a: $(OBJECTS)
	@rm -f $@
	$(call quiet,AR)$(AR) rcsD $@ $^

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libweir.a
	$(call quiet,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(LIBS)

check-unit: $(UNIT_TESTS)
	@for test in $^; do $$test || exit 1; done

clean:
	rm -rf $(BUILD)

.PHONY: all check-unit clean
.PRECIOUS: $(BUILD)/%.o
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
