/* QEMU starts here; memory is zero where the program has nothing. */
    .section .start, "ax"
    .global start
start:
    j set_up

    .text
    .literal_position
    .align 4
set_up:
    movi a1, stack_top
    call0 run_self_test
