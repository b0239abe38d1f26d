# SPDX-License-Identifier: ISC

# make regress-leaks: end-to-end and chaos tests with the daemon, all its
# processes, under LeakSanitizer; see leaks.c.

LEAKS_B =	$(OBJDIR)/regress/leaks
LEAKS =		$(patsubst %,$(LEAKS_B)/msmtpd-%,leaks hurried clock patient \
		watch)
# leaks.o has options for the sanitizer; those of the product come after it.
LEAKS_WRAP =	-Wl,--allow-multiple-definition,--wrap=main,--wrap=_exit,--wrap=chroot \
		-Wl,--wrap=sandbox_limit,--wrap=sandbox_load \
		-Wl,--wrap=sandbox_restrict

$(LEAKS_B)/msmtpd-hurried: $(O)/regress/e2e/hurry.o
$(LEAKS_B)/msmtpd-hurried: private LINK += \
	-Wl,--wrap=clock_gettime,--wrap=epoll_pwait
$(LEAKS_B)/msmtpd-clock: $(O)/regress/chaos/clock.o
$(LEAKS_B)/msmtpd-clock: private LINK += -Wl,--wrap=clock_gettime,--wrap=time
$(LEAKS_B)/msmtpd-patient: $(O)/regress/chaos/patient.o
$(LEAKS_B)/msmtpd-patient: private LINK += -Wl,--wrap=clock_gettime
$(LEAKS_B)/msmtpd-watch: $(O)/regress/chaos/watch.o
$(LEAKS_B)/msmtpd-watch: private LINK += \
	-Wl,--wrap=epoll_ctl,--wrap=fcntl,--wrap=syscall

$(LEAKS): $(O)/regress/leaks/leaks.o $(MAIN) $(LIB)
	@mkdir -p $(@D)
	$(call say,$(CC) -o $@)
	$(Q)$(LINK) $(LEAKS_WRAP) -o $@ $(filter %.o,$^) $(LIB) $(LIBS)

.PHONY: leaks regress-leaks regress-leaks-run
leaks: $(LEAKS) $(CHAOS_INFLIGHT)

regress-leaks:
	@regress/deps regress
	@$(MAKE) --no-print-directory $(ASAN) -j$(JOBS) leaks
	@$(MAKE) --no-print-directory $(ASAN) regress-leaks-run

regress-leaks-run:
	@$(PROVE) -v regress/leaks/e2e.pl :: $(abspath $(LEAKS_B)) $(JOBS)

-include $(O)/regress/leaks/leaks.d
