"""The C interface of the model as ctypes sees it; model.h says what each part means."""

import ctypes
from ctypes import POINTER, c_int, c_int32, c_uint8, c_uint32, c_uint64, c_void_p
from functools import cache

from hil.cortex_m0.build import compile_library

MAX_ARGUMENTS = 8


class CallStructure(ctypes.Structure):
    """struct model_call."""

    _fields_ = (
        ("function", c_uint32),
        ("stack", c_uint32),
        ("argument_count", c_uint32),
        ("arguments", c_uint32 * MAX_ARGUMENTS),
        ("limit", c_uint64),
        ("inject_at", c_uint64),
        ("injection", c_uint32),
        ("inject_register", c_uint32),
        ("inject_bit", c_uint32),
    )


class OutcomeStructure(ctypes.Structure):
    """struct model_outcome."""

    _fields_ = (
        ("instructions", c_uint64),
        ("cycles", c_uint64),
        ("trace", c_uint64),
        ("fetch_misses", c_uint64),
        ("load_misses", c_uint64),
        ("status", c_int32),
        ("pc", c_uint32),
        ("address", c_uint32),
        ("r0", c_uint32),
        ("r1", c_uint32),
        ("lowest_sp", c_uint32),
    )


class OperandStructure(ctypes.Structure):
    """struct model_operand."""

    _fields_ = (("address", c_uint32), ("size", c_uint32), ("data", POINTER(c_uint8)))


class ColumnsStructure(ctypes.Structure):
    """struct model_columns."""

    _fields_ = (
        ("r1_r0", POINTER(c_uint64)),
        ("cycles", POINTER(c_uint64)),
        ("traces", POINTER(c_uint64)),
    )


class BranchStructure(ctypes.Structure):
    """struct model_branch."""

    _fields_ = (("taken", c_uint32), ("not_taken", c_uint32))


# Name: result, arguments. A pointer to the model or to a cache is a plain void pointer.
SIGNATURES = {
    "model_new": (c_void_p, []),
    "model_free": (None, [c_void_p]),
    "model_set_timing": (None, [c_void_p, c_int]),
    "model_watch": (c_int, [c_void_p, c_uint32]),
    "model_set_miss_penalty": (None, [c_void_p, c_uint32]),
    "model_flush_cache": (None, [c_void_p]),
    "model_memory": (c_void_p, [c_void_p, c_uint32, c_uint32]),
    "model_registers": (POINTER(c_uint32), [c_void_p]),
    "model_flags": (c_uint32, [c_void_p]),
    "model_set_flags": (None, [c_void_p, c_uint32]),
    "model_cycles_at": (c_uint64, [c_void_p, c_uint32]),
    "model_branch_at": (BranchStructure, [c_void_p, c_uint32]),
    "model_step": (c_int, [c_void_p, c_uint64, POINTER(OutcomeStructure)]),
    "model_call": (c_int, [c_void_p, POINTER(CallStructure), POINTER(OutcomeStructure)]),
    "model_batch": (
        c_int,
        [
            c_void_p,
            POINTER(CallStructure),
            c_uint64,
            POINTER(OperandStructure),
            c_uint32,
            POINTER(OperandStructure),
            c_uint32,
            POINTER(ColumnsStructure),
            POINTER(OutcomeStructure),
            POINTER(c_uint64),
        ],
    ),
    "flash_cache_new": (c_void_p, []),
    "flash_cache_free": (None, [c_void_p]),
    "flash_cache_flush": (None, [c_void_p]),
    "flash_cache_replay": (c_uint64, [c_void_p, c_void_p, c_uint64]),
}


@cache
def load_library() -> ctypes.CDLL:
    """The compiled model with the types of its functions."""
    library = ctypes.CDLL(str(compile_library()))
    for name, (result, arguments) in SIGNATURES.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library
