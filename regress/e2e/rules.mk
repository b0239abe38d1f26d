# SPDX-License-Identifier: ISC

# The daemon with a clock that runs faster, see hurry.c.

HURRIED =	$(OBJDIR)/regress/e2e/msmtpd-hurried
REGRESS_NEEDS += $(HURRIED)

$(HURRIED): $(MAIN) $(O)/regress/e2e/hurry.o $(LIB)
	@mkdir -p $(@D)
	$(call say,$(CC) -o $@)
	$(Q)$(LINK) -Wl,--wrap=clock_gettime,--wrap=epoll_pwait -o $@ $^ $(LIBS)

-include $(O)/regress/e2e/hurry.d
