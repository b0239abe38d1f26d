# SPDX-License-Identifier: ISC

# Targets of the service: included by the Makefile at the top.
#
#   make install-service  install the files for the init system; "make install"
#                         comes first.  INIT is one or more of systemd,
#                         sysvinit, openrc; DESTDIR, BINDIR and SYSCONFDIR are
#                         honoured
#   make uninstall-service
#   make deb              Debian packages in .obj/deb
#   make boot-test        boot a system with them (as root; see
#                         regress/boot/boot)

SERVICE =	msmtpd/service
INIT ?=		systemd
UNITDIR ?=	$(or $(shell $(PKG_CONFIG) \
		--variable=systemdsystemunitdir systemd 2>/dev/null),\
		/usr/lib/systemd/system)
SYSUSERSDIR ?=	/usr/lib/sysusers.d
TMPFILESDIR ?=	/usr/lib/tmpfiles.d
UNITS =		msmtpd.socket msmtpd.service msmtpd-privsep.service \
		msmtpd-inetd.socket msmtpd@.service system-msmtpd.slice
# A socket with Accept=yes starts the template unit of the socket's name.
UNIT_LINK =	msmtpd-inetd@.service

.PHONY: install-service install-service-systemd install-service-sysvinit \
	install-service-openrc uninstall-service uninstall-service-systemd \
	uninstall-service-sysvinit uninstall-service-openrc deb boot-test

# The files name /usr/bin/msmtpd and /etc: put the chosen paths in their place.
SERVICE_SED =	sed -e 's,/usr/bin/msmtpd,$(BINDIR)/msmtpd,g' \
		-e 's,/etc/default/msmtpd,$(SYSCONFDIR)/default/msmtpd,g' \
		-e 's,/etc/conf\.d/msmtpd,$(SYSCONFDIR)/conf.d/msmtpd,g'
# Install the file of options as $(1), unless the administrator has one.
install_options = test -e $(1) || { $(SERVICE_SED) $(2) \
		$(SERVICE)/msmtpd.default >$(1) && chmod 644 $(1); }

install-service: $(INIT:%=install-service-%)

install-service-systemd:
	$(INSTALL) -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSUSERSDIR) \
	    $(DESTDIR)$(TMPFILESDIR) $(DESTDIR)$(SYSCONFDIR)/default
	for f in $(UNITS); do \
	    $(SERVICE_SED) $(SERVICE)/$$f >$(DESTDIR)$(UNITDIR)/$$f && \
	    chmod 644 $(DESTDIR)$(UNITDIR)/$$f || exit 1; \
	done
	ln -sf msmtpd@.service $(DESTDIR)$(UNITDIR)/$(UNIT_LINK)
	$(INSTALL) -m 644 $(SERVICE)/msmtpd.sysusers \
	    $(DESTDIR)$(SYSUSERSDIR)/msmtpd.conf
	$(INSTALL) -m 644 $(SERVICE)/msmtpd.tmpfiles \
	    $(DESTDIR)$(TMPFILESDIR)/msmtpd.conf
	$(call install_options,$(DESTDIR)$(SYSCONFDIR)/default/msmtpd)

install-service-sysvinit:
	$(INSTALL) -d $(DESTDIR)$(SYSCONFDIR)/init.d \
	    $(DESTDIR)$(SYSCONFDIR)/default
	$(SERVICE_SED) $(SERVICE)/msmtpd.init \
	    >$(DESTDIR)$(SYSCONFDIR)/init.d/msmtpd
	chmod 755 $(DESTDIR)$(SYSCONFDIR)/init.d/msmtpd
	$(call install_options,$(DESTDIR)$(SYSCONFDIR)/default/msmtpd)

install-service-openrc:
	$(INSTALL) -d $(DESTDIR)$(SYSCONFDIR)/init.d \
	    $(DESTDIR)$(SYSCONFDIR)/conf.d
	$(SERVICE_SED) $(SERVICE)/msmtpd.openrc \
	    >$(DESTDIR)$(SYSCONFDIR)/init.d/msmtpd
	chmod 755 $(DESTDIR)$(SYSCONFDIR)/init.d/msmtpd
	$(call install_options,$(DESTDIR)$(SYSCONFDIR)/conf.d/msmtpd,\
	    -e 's|/default/msmtpd|/conf.d/msmtpd|g')

# The file of options stays: it is the administrator's.
uninstall-service: $(INIT:%=uninstall-service-%)

uninstall-service-systemd:
	rm -f $(UNITS:%=$(DESTDIR)$(UNITDIR)/%) \
	    $(DESTDIR)$(UNITDIR)/$(UNIT_LINK) \
	    $(DESTDIR)$(SYSUSERSDIR)/msmtpd.conf \
	    $(DESTDIR)$(TMPFILESDIR)/msmtpd.conf

uninstall-service-sysvinit uninstall-service-openrc:
	rm -f $(DESTDIR)$(SYSCONFDIR)/init.d/msmtpd

# dpkg-buildpackage needs debian/ at the top of a tree, and writes beside the
# tree.
DEB_DIR ?=	.obj/deb
DEB_TREE =	$(DEB_DIR)/msmtpd-$(VERSION)

deb:
	@command -v dpkg-buildpackage >/dev/null && \
	    command -v dh >/dev/null || { echo 'debhelper is missing;' \
	    'as root: apt-get install dpkg-dev debhelper' >&2; exit 1; }
	rm -rf $(DEB_DIR)
	mkdir -p $(DEB_TREE)
	cp -a Makefile LICENSE README common man msmtpd $(DEB_TREE)
	cp -a $(SERVICE)/debian $(DEB_TREE)/debian
	rm -f $(DEB_TREE)/msmtpd/msmtpd
	cd $(DEB_TREE) && env -u MAKEFLAGS -u MAKELEVEL -u OBJDIR \
	    dpkg-buildpackage -b -us -uc
	rm -rf $(DEB_TREE)
	@ls $(DEB_DIR)/*.deb

boot-test: deb
	@DEB_DIR=$(abspath $(DEB_DIR)) $(PROVE) -v regress/boot/boot
