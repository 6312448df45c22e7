# User C module for the cmake-based ports. From the environment: WATTSEAL_GEN holds
# wattseal_board.h, WATTSEAL_SOURCES the unpacked tarballs; WATTSEAL_PROMPT is 1 for the lab image.
set(WATTSEAL_FIRMWARE ${CMAKE_CURRENT_LIST_DIR}/..)
set(WATTSEAL_BEARSSL $ENV{WATTSEAL_SOURCES}/bearssl-0.6)
set(WATTSEAL_INCLUDES ${WATTSEAL_FIRMWARE}/core ${WATTSEAL_FIRMWARE}/core/p256 ${WATTSEAL_FIRMWARE}/ports
    $ENV{WATTSEAL_GEN})

file(STRINGS ${WATTSEAL_FIRMWARE}/core/core_sources.txt WATTSEAL_CORE REGEX "^[^#]")
list(TRANSFORM WATTSEAL_CORE PREPEND ${WATTSEAL_FIRMWARE}/core/)
# Written by firmware/core/p256/generate.py; the assembler is empty for all but ARMv6-M.
list(APPEND WATTSEAL_CORE $ENV{WATTSEAL_GEN}/p256/ws_tables.c)
set(WATTSEAL_CORE_ASM $ENV{WATTSEAL_GEN}/p256/ws_armv6m.S)
file(STRINGS ${WATTSEAL_FIRMWARE}/core/bearssl_sources.txt WATTSEAL_BEARSSL_C REGEX "^[^#]")
list(TRANSFORM WATTSEAL_BEARSSL_C PREPEND ${WATTSEAL_BEARSSL}/)

# A library of its own: listed as sources of the module, BearSSL would go through the qstr step.
# -O2 because the curve arithmetic is much of a signature's time.
add_library(wattseal_core STATIC ${WATTSEAL_CORE} ${WATTSEAL_CORE_ASM} ${WATTSEAL_BEARSSL_C})
target_include_directories(wattseal_core PRIVATE
    ${WATTSEAL_INCLUDES} ${WATTSEAL_BEARSSL}/inc ${WATTSEAL_BEARSSL}/src)
target_compile_options(wattseal_core PRIVATE -std=c11 -O2 -ffunction-sections -fdata-sections)
set_source_files_properties(${WATTSEAL_CORE} PROPERTIES COMPILE_OPTIONS "-Wall;-Wextra;-Werror")

add_library(usermod_wattseal INTERFACE)
target_sources(usermod_wattseal INTERFACE
    ${CMAKE_CURRENT_LIST_DIR}/modwattseal.c
    ${CMAKE_CURRENT_LIST_DIR}/json_text.c
    ${WATTSEAL_FIRMWARE}/ports/ws_areas.c
    ${WATTSEAL_FIRMWARE}/ports/ws_sample_queue.c
    ${WATTSEAL_FIRMWARE}/ports/rp2/modchip.c
    ${WATTSEAL_FIRMWARE}/ports/rp2/ws_no_prompt.c
    ${WATTSEAL_FIRMWARE}/ports/rp2/ws_port_rp2.c)
target_include_directories(usermod_wattseal INTERFACE ${CMAKE_CURRENT_LIST_DIR} ${WATTSEAL_FIRMWARE}/ports/rp2
    ${WATTSEAL_INCLUDES} ${WATTSEAL_BEARSSL}/inc)
target_link_libraries(usermod_wattseal INTERFACE wattseal_core)
# Stack that the heap gives up: boards/ports/rp2/wattseal_mpconfig.h.
target_link_options(usermod_wattseal INTERFACE -Wl,--defsym=ws_heap_end=__GcHeapEnd-4096)
target_link_libraries(usermod INTERFACE usermod_wattseal)

if("$ENV{WATTSEAL_PROMPT}" STREQUAL "1")
    target_sources(usermod_wattseal INTERFACE ${WATTSEAL_FIRMWARE}/lab/modwattseal_lab.c)
endif()
