"""Multiples of P-256's generator for ws_comb.c and ws_joint.c, as C.

The curve: NIST SP 800-186, section 3.2.1.3. Coordinates are written in Montgomery's form.
"""

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
RADIX = 2**256
GENERATOR = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
TEETH, BLOCKS, COLUMNS, DISTANCE = 6, 4, 11, 43
"""As in ws_comb.h."""
GENERATOR_ENTRIES = 64
"""As in ws_joint.h."""

Point = tuple[int, int]


def add(a: Point, b: Point) -> Point:
    """Sum of two points that are not each other's negatives."""
    if a == b:
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def negate(a: Point) -> Point:
    """The other point with the same x."""
    return a[0], P - a[1]


def double_often(a: Point, times: int) -> Point:
    """2^times a."""
    for _ in range(times):
        a = add(a, a)
    return a


def comb_block(block: int) -> list[Point]:
    """The entries of one block: sums of the teeth, the last one always positive."""
    teeth = [double_often(GENERATOR, COLUMNS * block)]
    for _ in range(TEETH - 1):
        teeth.append(double_often(teeth[-1], DISTANCE))
    entries = []
    for index in range(1 << (TEETH - 1)):
        entry = teeth[-1]
        for tooth in range(TEETH - 1):
            term = teeth[tooth]
            entry = add(entry, term if index >> tooth & 1 else negate(term))
        entries.append(entry)
    return entries


def odd_multiples() -> list[Point]:
    """G, 3 G, 5 G, ..."""
    twice = add(GENERATOR, GENERATOR)
    multiples = [GENERATOR]
    while len(multiples) < GENERATOR_ENTRIES:
        multiples.append(add(multiples[-1], twice))
    return multiples


def words(coordinate: int) -> str:
    """A coordinate as a C initialiser."""
    number = coordinate * RADIX % P
    return "{" + ", ".join(f"0x{number >> 32 * i & 0xFFFFFFFF:08X}" for i in range(8)) + "}"


def entry(point: Point) -> str:
    """A point as a C initialiser."""
    return f"{{{words(point[0])}, {words(point[1])}}},"


def tables_text() -> str:
    """The whole file."""
    lines = ['#include "ws_comb.h"', '#include "ws_joint.h"', ""]
    lines.append("const ws_affine ws_comb_table[WS_COMB_BLOCKS][WS_SELECT_ENTRIES] = {")
    for block in range(BLOCKS):
        lines += ["{", *map(entry, comb_block(block)), "},"]
    lines += ["};", ""]
    lines.append("const ws_affine ws_generator_multiples[WS_JOINT_GENERATOR_ENTRIES] = {")
    lines += [*map(entry, odd_multiples()), "};"]
    return "\n".join(lines) + "\n"
