"""Looks for a secret number in memory, in every form that the core writes it in."""

from support.core import curve, divsteps

WINDOW = 8  # bytes in a row that do not meet by chance


def forms(secret: bytes) -> dict[str, bytes]:
    """The bytes of a number as the core writes it: as it is, made odd for the comb, and in limbs
    for the inversion.
    """
    number = int.from_bytes(secret)
    odd = number if number & 1 else number + curve.N
    return {
        "big-endian": secret,
        "little-endian": secret[::-1],
        "made odd": odd.to_bytes(36, "little"),
        "limbs": divsteps.limbs(number),
    }


def found(memory: bytes, secret: bytes) -> set[str]:
    """Forms of which some bytes in a row are in the memory."""
    return {
        name
        for name, form in forms(secret).items()
        if any(form[i : i + WINDOW] in memory for i in range(len(form) - WINDOW + 1))
    }
