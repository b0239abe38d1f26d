# SPDX-License-Identifier: ISC

# GNU make; there is no configure step.
#
#   make                build msmtpd/msmtpd
#   make demo           see one mail go through it
#   make check          unit tests and the core of the end-to-end tests, in
#                       about a minute: to run while you edit
#   make regress        all tests, one summary; T='a.t b.t' runs only these;
#                       regress/README says where a test goes
#   make install        DESTDIR, PREFIX, SYSCONFDIR are honoured; uninstall
#   make deps           install what is missing to build and test (as root)
#   make asan           build with ASan and UBSan: .obj/asan/msmtpd
#   make regress-asan   all tests with that build; regress-clang with clang's
#   make regress-leaks  end-to-end and chaos tests with LeakSanitizer
#   make regress-valgrind  unit tests under memcheck
#   make regress-valgrind-e2e  end-to-end tests, the daemon under memcheck
#   make fuzz           each fuzz target for FUZZ_TIME seconds
#   make coverage       lines that unit tests and fuzz corpus reach
#   make lint           gcc -fanalyzer, clang-tidy, cppcheck, shellcheck, ...
#   make clean
#
# CC, CPPFLAGS, CFLAGS, LDFLAGS and LDLIBS are the caller's and come last.
# WERROR=1 makes warnings errors, V=1 shows whole commands.  OBJDIR is where a
# build lives (.obj is the product's), so that builds with other flags stand
# side by side:
#
#   make OBJDIR=.obj/clang CC=clang WERROR=1
#
# A directory of regress, or msmtpd/service, may have a rules.mk, which is
# included and may add targets, and add to these:
#
#   REGRESS_NEEDS	what "make regress" builds before it runs anything
#   REGRESS_TESTS	executables that print TAP.  Those of regress/*/*.t and
#		regress/*/*_test.c are found without being named; the latter
#		are linked with $(LIB) and the other files of regress/unit and
#		regress/fuzz
#   INSTALL_HOOKS, UNINSTALL_HOOKS, CLEAN_HOOKS
#		targets that install, uninstall and clean depend on
#
# $(LIB) is the archive of all objects but main.o.  The object of DIR/FILE.c is
# $(O)/DIR/FILE.o.  $(COMPILE) and $(LINK) are the commands without -o and the
# files.  A target that they build must depend on $(FLAGS), or it is not built
# again when the compiler or a flag changes.

VERSION =	0.1

PREFIX ?=	/usr/local
SYSCONFDIR ?=	/etc
BINDIR ?=	$(PREFIX)/bin
MANDIR ?=	$(PREFIX)/share/man
INSTALL ?=	install
PKG_CONFIG ?=	pkg-config
CFLAGS ?=	-O2 -g

OBJDIR ?=	.obj
BIN ?=		$(if $(filter .obj,$(OBJDIR)),msmtpd/msmtpd,$(OBJDIR)/msmtpd)
LIB =		$(OBJDIR)/libmsmtpd.a
FLAGS =		$(OBJDIR)/flags
JOBS ?=		$(shell nproc 2>/dev/null || echo 2)

WARN =		-Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
		-Wmissing-prototypes -Wwrite-strings -Wconversion \
		$(if $(filter-out 0,$(WERROR)),-Werror)

# Flags that harden the code, where the compiler has them.  Try all at once,
# and each alone only if that fails.  A C library that does not know
# _FORTIFY_SOURCE=3 warns, and sanitizers do not go together with it.
HARDEN_WANT =	-fstack-protector-strong -fstack-clash-protection \
		-fcf-protection=full -mbranch-protection=standard \
		-ftrivial-auto-var-init=zero -fno-strict-overflow
HARDEN_CFLAGS := $(shell \
	try() { printf '\043include <stdlib.h>\nint main(void) { return (0); }' | \
	    $(CC) $(CPPFLAGS) $(CFLAGS) -Werror "$$@" -x c -c -o /dev/null - \
	    2>/dev/null; }; \
	arch=$$($(CC) -dumpmachine 2>/dev/null); all=; \
	for f in $(HARDEN_WANT); do \
	    case $$arch:$$f in \
	    (x86_64*:-mbranch*|i?86*:-mbranch*|aarch64*:-fcf*) ;; \
	    (*) all="$$all $$f" ;; \
	    esac; \
	done; \
	if try $$all; then echo $$all; else \
	    for f in $$all; do try $$f && echo $$f; done; \
	fi; \
	case '$(CPPFLAGS) $(CFLAGS)' in \
	(*_FORTIFY_SOURCE*|*-fsanitize=*|*-O0*) ;; \
	(*) for n in 3 2; do \
	    f="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$$n"; \
	    if try $$f; then echo $$f; break; fi; \
	done ;; \
	esac)
HARDEN_LDFLAGS = -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed

PKGS =		libbsd-overlay libseccomp
PKG_CFLAGS :=	$(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
PKG_LIBS :=	$(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null)

SANITIZE =	$(findstring -fsanitize=,$(CFLAGS))
COMPILE =	$(CC) -std=c11 -fPIE $(WARN) $(HARDEN_CFLAGS) \
		-D_GNU_SOURCE -DVERSION='"$(VERSION)"' \
		$(if $(SANITIZE),-DSANITIZE) \
		-Icommon -Imsmtpd $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS)
LINK =		$(CC) $(CFLAGS) $(HARDEN_LDFLAGS) $(LDFLAGS)
LIBS =		$(PKG_LIBS) $(LDLIBS)

SRCS :=		$(sort $(wildcard common/*.c msmtpd/*.c msmtpd/*/*.c))
O =		$(OBJDIR)/o
OBJS =		$(SRCS:%.c=$(O)/%.o)
MAIN =		$(O)/msmtpd/main.o
TESTS_C :=	$(sort $(wildcard regress/*/*_test.c))
HELPERS_C :=	$(sort $(filter-out %_test.c %_fuzz.c,\
		$(wildcard regress/unit/*.c regress/fuzz/*.c)))
HELPERS =	$(OBJDIR)/helpers.a
FUZZERS :=	$(sort $(wildcard regress/fuzz/*_fuzz.c))
FUZZERS_BIN =	$(FUZZERS:%.c=$(OBJDIR)/%)
TESTS_BIN =	$(TESTS_C:%.c=$(OBJDIR)/%)
REGRESS_TESTS =	$(TESTS_BIN) $(sort $(wildcard regress/*/*.t))
REGRESS_NEEDS =
INSTALL_HOOKS =
UNINSTALL_HOOKS =
CLEAN_HOOKS =

Q =		$(if $(filter-out 0,$(V)),,@)
say =		$(if $(Q),@echo '  $(1)')

all: $(BIN)

.PHONY: all asan check clean coverage demo deps fuzz install lint regress \
	regress-asan regress-clang tests uninstall FORCE
.DELETE_ON_ERROR:
.SUFFIXES:
FORCE:

# The rules below depend on the variables to which these files add.
-include $(sort $(wildcard regress/*/rules.mk msmtpd/service/rules.mk))

# The commands of the last build, written only when they have changed.
$(FLAGS): FORCE
	@$(PKG_CONFIG) --exists $(PKGS) 2>/dev/null || \
	    { echo 'libbsd or libseccomp is missing; as root: make deps' >&2; \
	    exit 1; }
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(COMPILE))' '$(subst ','\'',$(LINK))' \
	    '$(LIBS)' "$$($(CC) --version | head -n 1)" >$@.new
	@cmp -s $@.new $@ && rm -f $@.new || mv -f $@.new $@

# The sources of the archive, likewise: a source may have been removed.
$(OBJDIR)/sources: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(SRCS)' >$@.new
	@cmp -s $@.new $@ && rm -f $@.new || mv -f $@.new $@

$(O)/%.o: %.c $(FLAGS)
	@mkdir -p $(@D)
	$(call say,$(CC) $<)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

$(LIB): $(filter-out $(MAIN),$(OBJS)) $(OBJDIR)/sources
	@rm -f $@
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

$(BIN): $(MAIN) $(LIB)
	@mkdir -p $(@D)
	$(call say,$(CC) -o $@)
	$(Q)$(LINK) -o $@ $^ $(LIBS)

# The archive of tap.c and of other files that tests and fuzz targets share.
$(HELPERS): $(HELPERS_C:%.c=$(O)/%.o)
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(TESTS_BIN): $(OBJDIR)/%_test: $(O)/%_test.o $(HELPERS) $(LIB)
	@mkdir -p $(@D)
	$(call say,$(CC) -o $@)
	$(Q)$(LINK) -o $@ $^ $(LIBS)

$(patsubst %.c,$(O)/%.o,$(TESTS_C) $(HELPERS_C) $(FUZZERS)): \
	    private COMPILE += -Iregress/unit -Iregress/fuzz

tests: $(BIN) $(TESTS_BIN) $(REGRESS_NEEDS)

# "make regress" and "make demo" call regress/deps, and then another make: only
# a make that starts later finds the compiler and the libraries.
deps:
	@regress/deps regress

demo:
	@regress/deps build
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@MSMTPD=$(abspath $(BIN)) perl regress/demo/demo.pl

T =		$(REGRESS_TESTS)
PROVE =		PERL5LIB=$(CURDIR)/regress/tap prove --harness Msmtpd::Harness

regress:
	@regress/deps regress
	@$(MAKE) --no-print-directory -j$(JOBS) tests
	@$(MAKE) --no-print-directory regress-run

.PHONY: regress-run
regress-run:
	@OBJDIR=$(abspath $(OBJDIR)) MSMTPD=$(abspath $(BIN)) CC='$(CC)' \
	    $(PROVE) -j$(JOBS) --timer $(T)

# The core: options and start, mail, inetd, signals, what a client sees.  Only
# "make regress" runs the tests that mostly wait (grace time, watchdogs).
CHECK =		$(filter $(OBJDIR)/regress/unit/%,$(TESTS_BIN)) \
		$(filter-out %/24-msmtp-addresses.t %/41-grace.t \
		%/43-notify.t,$(sort \
		$(wildcard regress/e2e/[1-4]*.t regress/e2e/7[2-5]*.t)))

check:
	@$(MAKE) --no-print-directory regress T='$(CHECK)'

ASAN_CFLAGS =	-O1 -g -fno-omit-frame-pointer \
		-fsanitize=address,undefined -fno-sanitize-recover=all
ASAN =		OBJDIR=.obj/asan CFLAGS='$(ASAN_CFLAGS)'

asan:
	@$(MAKE) --no-print-directory $(ASAN) all

regress-asan:
	@$(MAKE) --no-print-directory $(ASAN) regress

regress-clang:
	@$(MAKE) --no-print-directory OBJDIR=.obj/clang CC=clang regress

# memcheck for the unit tests and the processes that they fork.  It replaces
# malloc(3), and so does smtp_memory_test, which is left out.  For the daemon
# regress/valgrind has a build of its own.
VALGRIND =	valgrind -q --error-exitcode=99 --leak-check=full \
		--errors-for-leak-kinds=definite --trace-children=yes

.PHONY: regress-valgrind
regress-valgrind:
	@$(MAKE) --no-print-directory -j$(JOBS) tests
	@TEST_UNDER='$(VALGRIND)' $(PROVE) -j$(JOBS) --timer \
	    $(filter-out %/smtp_memory_test,\
	    $(filter $(OBJDIR)/regress/unit/%,$(TESTS_BIN)))

# The pages of man/, and their places below MANDIR.
MAN =		man1/msmtpd.1 man5/msmtpd.rules.5 man7/msmtpd-examples.7

install: $(BIN) $(INSTALL_HOOKS)
	$(INSTALL) -d $(DESTDIR)$(BINDIR) \
	    $(addprefix $(DESTDIR)$(MANDIR)/,$(dir $(MAN)))
	$(INSTALL) -m 755 $(BIN) $(DESTDIR)$(BINDIR)/msmtpd
	for f in $(MAN); do \
	    sed -e 's,/etc/default/msmtpd,$(SYSCONFDIR)/default/msmtpd,g' \
	    -e 's,/etc/init\.d/,$(SYSCONFDIR)/init.d/,g' man/$${f#*/} \
	    >$(DESTDIR)$(MANDIR)/$$f && \
	    chmod 644 $(DESTDIR)$(MANDIR)/$$f || exit 1; \
	done

uninstall: $(UNINSTALL_HOOKS)
	rm -f $(DESTDIR)$(BINDIR)/msmtpd $(addprefix $(DESTDIR)$(MANDIR)/,$(MAN))

clean: $(CLEAN_HOOKS)
	rm -rf .obj msmtpd/msmtpd

# Fuzzing needs clang, for libFuzzer.  New inputs that it finds are kept in
# .obj/fuzz.
FUZZ_CC ?=	clang
FUZZ_TIME ?=	600
FUZZ_CFLAGS =	-O1 -g -fno-omit-frame-pointer \
		-fsanitize=fuzzer-no-link,address,undefined \
		-fno-sanitize-recover=all
FUZZ =		OBJDIR=.obj/fuzz CC='$(FUZZ_CC)' CFLAGS='$(FUZZ_CFLAGS)'

$(FUZZERS_BIN): $(OBJDIR)/%_fuzz: $(O)/%_fuzz.o $(HELPERS) $(LIB)
	@mkdir -p $(@D)
	$(call say,$(FUZZ_CC) -o $@)
	$(Q)$(LINK) -fsanitize=fuzzer -o $@ $^ $(LIBS)

.PHONY: fuzzers
fuzzers: $(FUZZERS_BIN)

fuzz:
	@$(MAKE) --no-print-directory -j$(JOBS) $(FUZZ) fuzzers
	@$(PROVE) -v regress/fuzzrun :: .obj/fuzz $(FUZZ_TIME) $(JOBS)

# Coverage of common and msmtpd by unit tests and the fuzz corpus; it fails if
# less than COVERAGE_MIN percent of the engine's lines are reached.
COVERAGE_MIN ?=	95
COV_CFLAGS =	-O1 -g -fprofile-instr-generate -fcoverage-mapping
COV =		OBJDIR=.obj/coverage CC='$(FUZZ_CC)'

coverage:
	@$(MAKE) --no-print-directory -j$(JOBS) $(COV) \
	    CFLAGS='$(COV_CFLAGS) -fsanitize=fuzzer-no-link' tests fuzzers
	@$(PROVE) -v regress/coverage.pl :: .obj/coverage $(COVERAGE_MIN)

# The compiler's flags that the analyzers need.
LINT_FLAGS =	-std=c11 -D_GNU_SOURCE -DVERSION="$(VERSION)" -Icommon \
		-Imsmtpd -Iregress/unit $(PKG_CFLAGS)

lint:
	@LINT_FLAGS='$(subst ','\'',$(LINT_FLAGS))' JOBS=$(JOBS) \
	    $(PROVE) -v regress/lint

-include $(patsubst %.c,$(O)/%.d,$(SRCS) $(TESTS_C) $(FUZZERS) \
	$(HELPERS_C))
