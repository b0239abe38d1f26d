# SPDX-License-Identifier: ISC

# make bench: what msmtpd adds to running the command; see README here.
# make bench-check: the same, and fail where a figure misses its goal.
# BENCH='--json kept' passes options and names of rows.

# The tools are the same whatever the daemon is built with.
BENCH_O =	$(OBJDIR)/regress/bench
BENCH_TOOLS =	$(BENCH_O)/limit $(BENCH_O)/load $(BENCH_O)/memfd_loop \
		$(BENCH_O)/start $(BENCH_O)/sink
BENCH_CC =	$(CC) -std=c11 -D_GNU_SOURCE $(WARN) -O2
BENCH ?=

REGRESS_NEEDS += $(BENCH_TOOLS)

$(BENCH_TOOLS): $(FLAGS) regress/bench/rules.mk

$(filter-out %/sink,$(BENCH_TOOLS)): $(BENCH_O)/%: \
	    regress/bench/%.c regress/bench/stats.c regress/bench/stats.h
	@mkdir -p $(@D)
	$(call say,$(CC) -o $@)
	$(Q)$(BENCH_CC) -o $@ $(filter %.c,$^)

$(BENCH_O)/sink: regress/bench/sink.c
	@mkdir -p $(@D)
	$(call say,$(CC) -o $@)
	$(Q)$(BENCH_CC) -o $@ $<

.PHONY: bench bench-check
bench bench-check: $(BIN) $(BENCH_TOOLS)
	@OBJDIR=$(abspath $(OBJDIR)) MSMTPD=$(abspath $(BIN)) \
	    perl regress/bench/bench.pl $(if $(filter %-check,$@),--check) \
	    $(BENCH)
