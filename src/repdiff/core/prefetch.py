"""Asks the processor for memory ahead of its use, in compiled kernels that read rows in random order.

Rows of a large array lie anywhere in memory, and a kernel that computes between reads does not look far enough ahead
to have several of them on the way at once. Waiting for them took two thirds of the time of the sampled engine.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

CACHE_LINE = 64  # bytes
_LOCALITY, _DATA = 2, 1


@intrinsic
def prefetch(_, array, row, column):  # type: ignore[no-untyped-def]
    """Begin to read the cache line of an element of a two-dimensional array, which must exist."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = signature.args[0]
        made = context.make_array(kind)(context, builder, arguments[0])
        shape, strides = (cgutils.unpack_tuple(builder, each) for each in (made.shape, made.strides))
        place = cgutils.get_item_pointer2(context, builder, made.data, shape, strides, kind.layout, arguments[1:])
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [byte, number, number, number]), "llvm.prefetch.p0"
        )
        builder.call(function, [builder.bitcast(place, byte), number(0), number(_LOCALITY), number(_DATA)])
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp), generate
