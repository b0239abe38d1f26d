# SPDX-License-Identifier: ISC

# Unit tests: flags that single ones of them need.

# logger_syslog_test stands in for syslogd at a socket of its own.
$(OBJDIR)/regress/unit/logger_syslog_test: private LINK += -Wl,--wrap=connect
