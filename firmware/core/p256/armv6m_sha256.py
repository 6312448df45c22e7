"""The compression of SHA-256 (FIPS 180-4, section 6.2.2) for ARMv6-M.

Sixteen rounds are written out and run four times; between the runs, sixteen words of the message
schedule are made. Laid out by hand, because these things decide the speed:

- Of the state, a and b are in low registers, c to h in r8 to r12 and lr. From there a value is
  copied or added, and there one is added to it, in one cycle: none has to move to take its next
  name, but b when it becomes c.
- Each sum takes three rotations: S1(e) = ror(e ^ ror(e ^ ror(e, 13), 14), 11) and
  S0(a) = ror(a ^ ror(a ^ ror(a, 12), 9), 13). The amount is in a register, of which the lowest
  five bits count. So the register with 13 counts the runs in the bits above, and the pointer to
  the constants of the rounds represents 12: their table begins 12 bytes after a multiple of 32.
- maj(a, b, c) = b ^ ((a ^ b) & (b ^ c)), and b ^ c is the a ^ b of the round before.
- ch(e, f, g) = (e & f) + (g & ~e) takes one register, where g ^ (e & (f ^ g)) takes two.

No branch and no address depends on the message: whether its bytes are taken word by word or one by
one depends on where they lie.
"""

from bisect import bisect_right

ROUNDS = 64
RUN = 16
"""Rounds that are written out."""
WORD_BYTES = 4
BLOCK_BYTES = 64

A, B, B_XOR_C = "r1", "r2", "r3"
HOMES = ("r8", "r9", "r10", "r11", "r12", "lr")
"""Of c to h; like those of a and b, before a run and after it."""
SUM, SCRATCH = "r4", "r0"
LOW_E, CONSTANTS, THIRTEEN = "r5", "r6", "r7"

RUN_STEP = 32
LAST_RUN = 13 + RUN_STEP * ROUNDS // RUN
TABLE_OFFSET = 12

STATE_AT, DATA_AT, END_AT, FRAME_BYTES = 64, 68, 72, 76
"""On the stack after the schedule's words: the arguments."""

Lines = list[str]


def round_constants() -> list[int]:
    """The first 32 fraction bits of the cube roots of the first primes."""
    primes = [n for n in range(2, 312) if all(n % divisor for divisor in range(2, n))]
    return [cube_root(prime << 96) % 2**32 for prime in primes]


def cube_root(number: int) -> int:
    """The cube root, rounded down, of a number below 2^108."""
    return bisect_right(range(2**36), number, key=lambda root: root**3) - 1


# --- rounds -------------------------------------------------------------------------------------


class Run:
    """Text of the rounds of a run, and which register holds what after the last one."""

    def __init__(self) -> None:
        self.lines: Lines = []
        self.places = (A, B, B_XOR_C, SUM, SCRATCH)
        self.homes = HOMES

    def add_round(self, number: int) -> None:
        """Write a round."""
        self._add_to_d(number)
        self._make_new_a()
        self._move_b(exchange=number >= RUN - 2)
        self._rotate_new_a()
        self._rename(number)

    def _add_to_d(self, number: int) -> None:
        """Let sum = h + S1(e) + ch(e, f, g) + constant + word; d + sum is the new e."""
        _, d, e, f, g, h = self.homes
        _, _, _, total, scratch = self.places
        self.lines += [
            f"mov {LOW_E}, {e}",
            f"mov {total}, {e}",
            f"rors {total}, {THIRTEEN}",
            f"eors {total}, {LOW_E}",
            f"movs {scratch}, #14",
            f"rors {total}, {scratch}",
            f"eors {total}, {LOW_E}",
            f"movs {scratch}, #11",
            f"rors {total}, {scratch}",
            f"mov {scratch}, {f}",
            f"ands {scratch}, {LOW_E}",
            f"adds {total}, {scratch}",
            f"mov {scratch}, {g}",
            f"bics {scratch}, {LOW_E}",
            f"adds {total}, {scratch}",
            f"add {total}, {h}",
            f"ldr {scratch}, [{CONSTANTS}, #{number * WORD_BYTES}]",
            f"adds {total}, {scratch}",
            f"ldr {scratch}, [sp, #{number * WORD_BYTES}]",
            f"adds {total}, {scratch}",
            f"add {d}, {total}",
        ]

    def _make_new_a(self) -> None:
        """Add maj(a, b, c) to sum; a ^ b is left in scratch."""
        a, b, b_xor_c, total, a_xor_b = self.places
        self.lines += [
            f"mov {a_xor_b}, {a}",
            f"eors {a_xor_b}, {b}",
            f"ands {b_xor_c}, {a_xor_b}",
            f"eors {b_xor_c}, {b}",
            f"adds {total}, {b_xor_c}",
        ]

    def _move_b(self, exchange: bool) -> None:
        """Move b to a home, that of h, which is not needed any more.

        Sixteen rounds of this leave each value two homes away from where it was. An exchange puts
        three of the six right.
        """
        c, d, e, f, g, h = self.homes
        _, b, _, _, _ = self.places
        if exchange:
            self.lines += [f"mov {h}, {d}", f"mov {d}, {f}", f"mov {f}, {b}"]
            self.homes = (f, c, h, e, d, g)
        else:
            self.lines += [f"mov {h}, {b}"]
            self.homes = (h, c, d, e, f, g)

    def _rotate_new_a(self) -> None:
        """Add S0(a) to sum, which is the new a then."""
        a, amount, scratch, total, _ = self.places
        self.lines += [
            f"mov {scratch}, {a}",
            f"rors {scratch}, {CONSTANTS}",
            f"eors {scratch}, {a}",
            f"movs {amount}, #9",
            f"rors {scratch}, {amount}",
            f"eors {scratch}, {a}",
            f"rors {scratch}, {THIRTEEN}",
            f"adds {total}, {scratch}",
        ]

    def _rename(self, number: int) -> None:
        """Give the low registers their next names.

        Either of the two that are free can take either name. Ten rounds of the one way, a cycle of
        five, and six of the other, cycles of three and two, bring all back to their beginning.
        """
        a, b, b_xor_c, total, a_xor_b = self.places
        free = (b_xor_c, b) if number < 10 else (b, b_xor_c)
        self.places = (total, a, a_xor_b, *free)


def rounds() -> Lines:
    """A run of sixteen rounds."""
    run = Run()
    for number in range(RUN):
        run.add_round(number)
    return run.lines


# --- schedule -----------------------------------------------------------------------------------

SAVED = f"{{{A}, {B}, {B_XOR_C}, {CONSTANTS}, {THIRTEEN}}}"
SAVED_BYTES = 5 * WORD_BYTES

NEW = ("r0", "r1")
"""W[t - 2] and W[t - 1], then W[t] and W[t + 1]."""
OLD, LEFT, RIGHT = "r2", "r3", "r4"
TWO, ELEVEN, AMOUNT = "r5", "r6", "r7"


def word_at(number: int) -> str:
    """Where a word of the schedule is; the last sixteen are kept."""
    return f"[sp, #{number % RUN * WORD_BYTES + SAVED_BYTES}]"


def mix(source: str, first: str, second: str, shift: int, result: str) -> Lines:
    """Let result = ror(x ^ ror(x, first), second) ^ (x >> shift); source x may be the result."""
    return [
        f"mov {LEFT}, {source}",
        f"rors {LEFT}, {first}",
        f"eors {LEFT}, {source}",
        f"rors {LEFT}, {second}",
        f"lsrs {result}, {source}, #{shift}",
        f"eors {result}, {LEFT}",
    ]


def schedule_pair(number: int) -> Lines:
    """W[t] = s1(W[t - 2]) + W[t - 7] + s0(W[t - 15]) + W[t - 16], for two t.

    W[t - 16] is in a register already: it was W[(t - 1) - 15].
    """
    lines = [f"movs {AMOUNT}, #17"]
    for new in NEW:
        lines += mix(new, TWO, AMOUNT, 10, new)
    lines += [f"movs {AMOUNT}, #7"]
    for t, new in enumerate(NEW, number):
        lines += [
            f"adds {new}, {OLD}",
            f"ldr {OLD}, {word_at(t - 15)}",
            *mix(OLD, ELEVEN, AMOUNT, 3, RIGHT),
            f"adds {new}, {RIGHT}",
            f"ldr {RIGHT}, {word_at(t - 7)}",
            f"adds {new}, {RIGHT}",
            f"str {new}, {word_at(t)}",
        ]
    return lines


def schedule() -> Lines:
    """The next sixteen words over the last ones."""
    lines = [
        f"push {SAVED}",
        f"movs {TWO}, #2",
        f"movs {ELEVEN}, #11",
        f"ldr {NEW[0]}, {word_at(-2)}",
        f"ldr {NEW[1]}, {word_at(-1)}",
        f"ldr {OLD}, {word_at(-16)}",
    ]
    for number in range(0, RUN, 2):
        lines += schedule_pair(number)
    return [*lines, f"pop {SAVED}"]


# --- function -----------------------------------------------------------------------------------


def text_of(lines: Lines) -> str:
    """Lines of assembler, indented; the last without an end of line."""
    return "\n".join(f"    {line}" for line in lines)


def load_words() -> Lines:
    """Take a block from r0 on, which is a multiple of four, to r3 on."""
    words = ["r4", "r5", "r6", "r7"]
    four = [
        "ldmia r0!, {r4-r7}",
        *(f"rev {word}, {word}" for word in words),
        "stmia r3!, {r4-r7}",
    ]
    return four * (BLOCK_BYTES // 16)


def load_bytes() -> Lines:
    """Take a word byte by byte from r0 on to r3 on."""
    lines = ["ldrb r4, [r0]"]
    for i in range(1, WORD_BYTES):
        lines += [f"ldrb r5, [r0, #{i}]", "lsls r4, #8", "orrs r4, r5"]
    return [*lines, "adds r0, #4", "stmia r3!, {r4}"]


def sha256_text() -> str:
    """ws_sha256_blocks of ws_sha256_block.h."""
    return f"""
@ r0: state, r1: data, r2: count of blocks.
    .section .text.ws_sha256_blocks, "ax", %progbits
    .global ws_sha256_blocks
    .type ws_sha256_blocks, %function
    .thumb_func
ws_sha256_blocks:
    push {{r4-r7, lr}}
    mov r4, r8
    mov r5, r9
    mov r6, r10
    mov r7, r11
    push {{r4-r7}}
    lsls r2, #6
    adds r2, r1
    push {{r0-r2}}
    sub sp, #{BLOCK_BYTES}
    ldmia r0!, {{r1-r4}}
    mov r8, r3
    mov r9, r4
    ldmia r0!, {{r3-r6}}
    mov r10, r3
    mov r11, r4
    mov r12, r5
    mov lr, r6
    b .Lnext_block

.Lschedule:
{text_of(schedule())}
.Lrounds:
{text_of(rounds())}
    adds {CONSTANTS}, #{RUN * WORD_BYTES}
    adds {THIRTEEN}, #{RUN_STEP}
    cmp {THIRTEEN}, #{LAST_RUN}
    beq .Ladd_to_state
    b .Lschedule

.Ladd_to_state:
    ldr r0, [sp, #{STATE_AT}]
    ldmia r0!, {{r3-r6}}
    adds r1, r3
    adds r2, r4
    add r5, r8
    add r6, r9
    subs r0, #16
    stmia r0!, {{r1, r2, r5, r6}}
    mov r8, r5
    mov r9, r6
    ldmia r0!, {{r3-r6}}
    add r3, r10
    add r4, r11
    add r5, r12
    add r6, lr
    subs r0, #16
    stmia r0!, {{r3-r6}}
    mov r10, r3
    mov r11, r4
    mov r12, r5
    mov lr, r6

.Lnext_block:
    ldr r0, [sp, #{DATA_AT}]
    ldr r3, [sp, #{END_AT}]
    cmp r0, r3
    beq .Lend
    mov r3, sp
    lsls r4, r0, #30
    bne .Lunaligned
{text_of(load_words())}
.Lloaded:
    str r0, [sp, #{DATA_AT}]
    ldr {CONSTANTS}, .Ltable_address
    movs {THIRTEEN}, #13
    mov {B_XOR_C}, r8
    eors {B_XOR_C}, {B}
    b .Lrounds

.Lunaligned:
    add r6, sp, #{BLOCK_BYTES}
1:
{text_of(load_bytes())}
    cmp r3, r6
    bne 1b
    b .Lloaded

.Lend:
    add sp, #{FRAME_BYTES}
    pop {{r4-r7}}
    mov r8, r4
    mov r9, r5
    mov r10, r6
    mov r11, r7
    pop {{r4-r7, pc}}

    .balign 4
.Ltable_address:
    .word .Ltable
    .size ws_sha256_blocks, . - ws_sha256_blocks

    .section .rodata.ws_sha256_blocks, "a", %progbits
    .balign 32
    .space {TABLE_OFFSET}
.Ltable:
{text_of([f".word {constant:#010x}" for constant in round_constants()])}
"""
