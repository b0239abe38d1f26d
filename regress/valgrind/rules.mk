# Copyright (c) 2026 The msmtpd authors
#
# Permission to use, copy, modify, and distribute this software for any
# purpose with or without fee is hereby granted, provided that the above
# copyright notice and this permission notice appear in all copies.
#
# THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
# WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
# MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
# ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
# WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
# ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
# OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.

# make regress-valgrind-e2e: end-to-end tests with the daemon under memcheck,
# all its processes; see memcheck.c.

MEMCHECK =	$(OBJDIR)/regress/valgrind/msmtpd-memcheck
MEMCHECK_WRAP =	-Wl,--wrap=main,--wrap=fexecve,--wrap=privdrop_mdwe \
		-Wl,--wrap=sandbox_load,--wrap=setrlimit,--wrap=syscall

$(MEMCHECK): $(O)/regress/valgrind/memcheck.o $(MAIN) $(LIB)
	@mkdir -p $(@D)
	$(call say,$(CC) -o $@)
	$(Q)$(LINK) $(MEMCHECK_WRAP) -o $@ $^ $(LIBS)

.PHONY: memcheck regress-valgrind-e2e
memcheck: $(MEMCHECK)

regress-valgrind-e2e:
	@$(MAKE) --no-print-directory -j$(JOBS) memcheck
	@$(PROVE) -v regress/valgrind/e2e.pl :: $(abspath $(MEMCHECK)) $(JOBS)

-include $(O)/regress/valgrind/memcheck.d
