# SPDX-License-Identifier: ISC

# The tests of the sandbox; the files that they share are linked to each.
SANDBOX_O =	$(O)/regress/sandbox
SANDBOX_B =	$(OBJDIR)/regress/sandbox
SANDBOX_T =	$(SANDBOX_B)/attacked $(SANDBOX_B)/hostile_front \
		$(SANDBOX_B)/hostile_deliver $(SANDBOX_B)/run_sandboxed $(SANDBOX_B)/landlock_abi

REGRESS_NEEDS += $(SANDBOX_T)

$(SANDBOX_B)/tables_test: $(SANDBOX_O)/policy.o
$(SANDBOX_B)/exhaustive_test $(SANDBOX_B)/exhaustive_deliver_test: \
	    $(SANDBOX_O)/calls.o $(SANDBOX_O)/policy.o $(SANDBOX_O)/powers.o
$(SANDBOX_B)/layers_test: $(SANDBOX_O)/calls.o $(SANDBOX_O)/outside.o
$(SANDBOX_B)/command_test: $(SANDBOX_O)/outside.o
$(SANDBOX_B)/exhaustive_deliver_test: $(SANDBOX_O)/samples.o
$(SANDBOX_O)/calls.o: private COMPILE += -Iregress/unit
$(SANDBOX_B)/sandbox_test $(SANDBOX_B)/command_test: $(SANDBOX_O)/refuse.o

# A test's own objects stand behind the archive, which they need once more.
$(SANDBOX_B)/tables_test $(SANDBOX_B)/exhaustive_test \
$(SANDBOX_B)/exhaustive_deliver_test $(SANDBOX_B)/layers_test: private LIBS := \
	$(HELPERS) $(LIB) $(LIBS)

# The processes as they are but for their filters, which are left out; the
# first leaves deliver's out at a word.
$(SANDBOX_B)/exhaustive_deliver_test $(SANDBOX_B)/layers_test: private LINK += \
	-Wl,--wrap=sandbox_load

# The daemon with a front that attacks at a client's word.
$(SANDBOX_B)/attacked: $(MAIN) $(SANDBOX_O)/attack.o
$(SANDBOX_B)/attacked: private LINK += -Wl,--wrap=smtp_input
$(SANDBOX_B)/run_sandboxed: $(SANDBOX_O)/run_sandboxed.o \
	    $(O)/regress/unit/config.o
$(SANDBOX_O)/run_sandboxed.o: private COMPILE += -Iregress/unit
$(SANDBOX_B)/landlock_abi: $(SANDBOX_O)/landlock_abi.o

# The daemon with a hostile front, or deliver, in the place of its own.
$(SANDBOX_B)/hostile_front $(SANDBOX_B)/hostile_deliver: $(MAIN) \
	    $(SANDBOX_O)/packets.o
$(SANDBOX_B)/hostile_front: $(SANDBOX_O)/hostile_front.o \
	    $(SANDBOX_O)/hostile_mails.o
$(SANDBOX_B)/hostile_deliver: $(SANDBOX_O)/hostile_deliver.o
$(SANDBOX_B)/hostile_front: private LINK += -Wl,--wrap=front_main \
	-Wl,--wrap=imsg_norights
$(SANDBOX_B)/hostile_deliver: private LINK += -Wl,--wrap=deliver_main \
	-Wl,--wrap=imsg_norights

$(SANDBOX_T): $(LIB)
	@mkdir -p $(@D)
	$(call say,$(CC) -o $@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(LIB) $(LIBS)

-include $(wildcard $(SANDBOX_O)/*.d)
