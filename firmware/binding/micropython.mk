# User C module for the make-based ports. WATTSEAL_PORT is the folder below firmware/ports,
# WATTSEAL_GEN holds wattseal_board.h, WATTSEAL_SOURCES the unpacked tarballs.
WATTSEAL_FIRMWARE := $(USERMOD_DIR)/..
WATTSEAL_BEARSSL := $(WATTSEAL_SOURCES)/bearssl-0.6
WATTSEAL_LIST = $(shell grep -v '^\#' $(WATTSEAL_FIRMWARE)/core/$(1))

SRC_USERMOD_C += $(USERMOD_DIR)/modwattseal.c $(USERMOD_DIR)/json_text.c
SRC_USERMOD_LIB_C += $(addprefix $(WATTSEAL_FIRMWARE)/core/,$(call WATTSEAL_LIST,core_sources.txt))
SRC_USERMOD_LIB_C += $(WATTSEAL_GEN)/p256/ws_tables.c
SRC_USERMOD_LIB_C += $(WATTSEAL_FIRMWARE)/ports/ws_areas.c
SRC_USERMOD_LIB_C += $(WATTSEAL_FIRMWARE)/ports/$(WATTSEAL_PORT)/ws_port_$(WATTSEAL_PORT).c
SRC_USERMOD_LIB_C += $(addprefix $(WATTSEAL_BEARSSL)/,$(call WATTSEAL_LIST,bearssl_sources.txt))

CFLAGS_USERMOD += -I$(WATTSEAL_FIRMWARE)/core -I$(WATTSEAL_FIRMWARE)/core/p256 -I$(WATTSEAL_FIRMWARE)/ports -I$(WATTSEAL_GEN)
CFLAGS_USERMOD += -I$(WATTSEAL_BEARSSL)/inc -I$(WATTSEAL_BEARSSL)/src

# The linker's build id depends on the folder that was built in; the image's hash must not.
ifeq ($(WATTSEAL_PORT),unix)
LDFLAGS_USERMOD += -Wl,--build-id=none
endif

ifeq ($(WATTSEAL_PORT),rv32)
LDFLAGS_USERMOD += -nostdlib
endif
