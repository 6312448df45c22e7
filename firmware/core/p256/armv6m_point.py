"""The point operations of ws_point.h for ARMv6-M: field operations in a row, as ws_point_portable.c
has them, without saving and restoring registers between them.
"""

from dataclasses import dataclass

from straight_line import WORD_BYTES, core_name, function_entry, function_return

WORDS = 8
NUMBER_BYTES = WORDS * WORD_BYTES
OPERATIONS = {
    "*": "ws_field_multiply",
    "^2": "ws_field_square",
    "+": "ws_field_add",
    "-": "ws_field_subtract",
}

# "Explicit-Formulas Database": dbl-2001-b, 3M + 5S.
DOUBLE = """
    delta = z ^2
    gamma = y ^2
    t = y + z
    t = t ^2
    t = t - gamma
    z = t - delta
    beta = x * gamma
    t = x - delta
    delta = x + delta
    t = t * delta
    alpha = t + t
    alpha = alpha + t
    beta = beta + beta
    beta = beta + beta
    t = alpha ^2
    t = t - beta
    x = t - beta
    beta = beta - x
    beta = beta * alpha
    gamma = gamma + gamma
    gamma = gamma ^2
    gamma = gamma + gamma
    y = beta - gamma
"""

# H. Cohen, A. Miyaji, T. Ono (1998), 8M + 3S; x' and y' are the other point's.
ADD = """
    h = z ^2
    r = h * z
    h = h * x'
    h = h - x
    r = r * y'
    r = r - y
    z = z * h
    t = h ^2
    h = h * t
    v = x * t
    t = r ^2
    t = t - h
    t = t - v
    x = t - v
    v = v - x
    v = v * r
    h = h * y
    y = v - h
"""

ARGUMENTS = {"x": (0, 0), "y": (0, 1), "z": (0, 2), "x'": (1, 0), "y'": (1, 1)}
"""Names of coordinates: which argument they belong to, and which number of it they are."""


@dataclass
class Frame:
    """Where temporary numbers are on the stack; the arguments are after them."""

    temporaries: list[str]
    arguments: int

    @property
    def size(self) -> int:
        """Bytes, the arguments included."""
        return self.argument_at(self.arguments)

    def argument_at(self, argument: int) -> int:
        """Byte offset of an argument."""
        return len(self.temporaries) * NUMBER_BYTES + argument * WORD_BYTES

    def address(self, register: str, name: str) -> list[str]:
        """Instructions that put the address of a number into a register."""
        if name in self.temporaries:
            return [f"add {register}, sp, #{self.temporaries.index(name) * NUMBER_BYTES}"]
        argument, number = ARGUMENTS[name]
        lines = [f"ldr {register}, [sp, #{self.argument_at(argument)}]"]
        return lines + ([f"adds {register}, #{number * NUMBER_BYTES}"] if number else [])


def parse(text: str) -> list[tuple[str, str, list[str]]]:
    """(result, operation, operands) of each line."""
    steps = []
    for line in text.split("\n"):
        words = line.split()
        if words:
            result, _, first, operation, *second = words
            steps.append((result, operation, [first, *second]))
    return steps


def point_function(name: str, text: str) -> str:
    """A function on points as assembler text."""
    steps = parse(text)
    names = {name for result, _, operands in steps for name in (result, *operands)}
    arguments = {ARGUMENTS[name][0] for name in names if name in ARGUMENTS}
    frame = Frame(sorted(names - set(ARGUMENTS)), len(arguments))
    lines = [f"sub sp, #{frame.size}"]
    lines += [f"str r{i}, [sp, #{frame.argument_at(i)}]" for i in range(frame.arguments)]
    for result, operation, operands in steps:
        for register, operand in zip(("r0", "r1", "r2"), (result, *operands), strict=False):
            lines += frame.address(register, operand)
        lines.append(f"bl {core_name(OPERATIONS[operation])}")
    lines.append(f"add sp, #{frame.size}")
    return function_entry(name) + "".join(f"    {line}\n" for line in lines) + function_return(name)


def point_text() -> str:
    """The functions of ws_point.h that are assembler."""
    return point_function("ws_point_double", DOUBLE) + point_function("ws_point_add", ADD)
