# SPDX-License-Identifier: ISC

# make soak: the ledger for SECONDS; SEED repeats the choices of a run.

SECONDS ?=	3600

# A daemon whose wall clock is set back again and again.
CHAOS_CLOCK =	$(OBJDIR)/regress/chaos/msmtpd-clock

REGRESS_NEEDS += $(CHAOS_CLOCK)

$(CHAOS_CLOCK): $(O)/regress/chaos/clock.o $(MAIN) $(LIB)
	@mkdir -p $(@D)
	$(call say,$(CC) -o $@)
	$(Q)$(LINK) -Wl,--wrap=clock_gettime,--wrap=time -o $@ $^ $(LIBS)

# One that cannot watch its commands.
CHAOS_WATCH =	$(OBJDIR)/regress/chaos/msmtpd-watch

REGRESS_NEEDS += $(CHAOS_WATCH)

$(CHAOS_WATCH): $(O)/regress/chaos/watch.o $(MAIN) $(LIB)
	@mkdir -p $(@D)
	$(call say,$(CC) -o $@)
	$(Q)$(LINK) -Wl,--wrap=epoll_ctl,--wrap=fcntl,--wrap=syscall -o $@ \
	    $^ $(LIBS)

# One that waits long for its reader.
CHAOS_PATIENT =	$(OBJDIR)/regress/chaos/msmtpd-patient

REGRESS_NEEDS += $(CHAOS_PATIENT)

$(CHAOS_PATIENT): $(O)/regress/chaos/patient.o $(MAIN) $(LIB)
	@mkdir -p $(@D)
	$(call say,$(CC) -o $@)
	$(Q)$(LINK) -Wl,--wrap=clock_gettime -o $@ $^ $(LIBS)

# What puts descriptors in flight.
CHAOS_INFLIGHT = $(OBJDIR)/regress/chaos/inflight

REGRESS_NEEDS += $(CHAOS_INFLIGHT)

$(CHAOS_INFLIGHT): $(O)/regress/chaos/inflight.o
	@mkdir -p $(@D)
	$(call say,$(CC) -o $@)
	$(Q)$(LINK) -o $@ $^

.PHONY: soak
soak: $(BIN)
	@OBJDIR=$(abspath $(OBJDIR)) MSMTPD=$(abspath $(BIN)) \
	    MSMTPD_CHAOS_SECONDS=$(SECONDS) \
	    MSMTPD_CHAOS_SEED='$(SEED)' MSMTPD_CHAOS_LOG=1 \
	    $(PROVE) -v regress/chaos/00-ledger.t

-include $(patsubst %,$(O)/regress/chaos/%.d,clock inflight patient watch)
