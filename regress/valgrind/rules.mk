# SPDX-License-Identifier: ISC

# make regress-valgrind-e2e: the end-to-end tests with the daemon under
# memcheck, all its processes; see memcheck.c.

MEMCHECK_B =	$(OBJDIR)/regress/valgrind
MEMCHECK =	$(MEMCHECK_B)/msmtpd-memcheck \
		$(MEMCHECK_B)/msmtpd-hurried-memcheck
MEMCHECK_WRAP =	-Wl,--wrap=main,--wrap=fexecve,--wrap=sandbox_mdwe \
		-Wl,--wrap=sandbox_load,--wrap=setrlimit,--wrap=syscall

# Not as fast as without memcheck.
$(O)/regress/valgrind/hurry.o: regress/e2e/hurry.c $(FLAGS)
	@mkdir -p $(@D)
	$(call say,$(CC) -DHURRY=3 $<)
	$(Q)$(COMPILE) -DHURRY=3 -c -o $@ $<

$(MEMCHECK_B)/msmtpd-hurried-memcheck: $(O)/regress/valgrind/hurry.o
$(MEMCHECK_B)/msmtpd-hurried-memcheck: private LINK += \
	-Wl,--wrap=clock_gettime,--wrap=epoll_pwait

$(MEMCHECK): $(O)/regress/valgrind/memcheck.o $(MAIN) $(LIB)
	@mkdir -p $(@D)
	$(call say,$(CC) -o $@)
	$(Q)$(LINK) $(MEMCHECK_WRAP) -o $@ $(filter %.o,$^) $(LIB) $(LIBS)

.PHONY: memcheck regress-valgrind-e2e
memcheck: $(MEMCHECK)

regress-valgrind-e2e:
	@$(MAKE) --no-print-directory -j$(JOBS) memcheck
	@$(PROVE) -v regress/valgrind/e2e.pl :: $(abspath $(MEMCHECK_B)) \
	    $(JOBS)

-include $(O)/regress/valgrind/memcheck.d
