# SPDX-License-Identifier: ISC

# Its syslogd does not listen where the system's does.
$(OBJDIR)/regress/unit/logger_syslog_test: private LINK += -Wl,--wrap=connect
