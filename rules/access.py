"""How compiled code sees the arena: by plain addresses, without the counting of references.

`Words` are an address and a type of word: they are read and written like an array, no place is taken from the
end, and passing them on costs nothing. With NUMBA_BOUNDSCHECK each place is compared with the arena's length.
"""

import operator
from typing import Any

from llvmlite import ir
from numba import config
from numba.core import cgutils, types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

from rules.memory import DESK_SIZE

INT64 = ir.IntType(64)


class Words(types.Type):
    """The type of an arena's words."""

    def __init__(self, word: Any) -> None:
        self.word = word
        super().__init__(name=f"Words({word})")


INTEGERS, FLOATS = Words(types.int64), Words(types.float64)


@register_model(Words)
class _Address(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, INT64.as_pointer())


def _place(context: Any, builder: Any, words: Any, kind: Any, place: Any) -> Any:
    if getattr(config, "BOUNDSCHECK"):  # noqa: B009 - made of the environment, so its stubs do not know it
        size = builder.load(builder.gep(words, [INT64(DESK_SIZE)]))
        with builder.if_then(builder.icmp_unsigned(">=", place, size), likely=False):
            context.call_conv.return_user_exc(builder, IndexError, ("a place outside the arena",))
    address = builder.gep(words, [place])
    return builder.bitcast(address, context.get_value_type(kind.word).as_pointer())


@infer_global(operator.getitem)
class _Read(AbstractTemplate):
    def generic(self, given: Any, keywords: Any) -> Any:
        if isinstance(given[0], Words) and isinstance(given[1], types.Integer):
            return signature(given[0].word, given[0], types.int64)
        return None


@infer_global(operator.setitem)
class _Write(AbstractTemplate):
    def generic(self, given: Any, keywords: Any) -> Any:
        if isinstance(given[0], Words) and isinstance(given[1], types.Integer):
            return signature(types.none, given[0], types.int64, given[0].word)
        return None


@lower_builtin(operator.getitem, Words, types.Integer)
def _read(context: Any, builder: Any, shape: Any, given: Any) -> Any:
    return builder.load(_place(context, builder, given[0], shape.args[0], given[1]))


@lower_builtin(operator.setitem, Words, types.Integer, types.Any)
def _write(context: Any, builder: Any, shape: Any, given: Any) -> Any:
    builder.store(given[2], _place(context, builder, given[0], shape.args[0], given[1]))
    return context.get_dummy_value()


def _view(kind: Words) -> Any:
    @intrinsic
    def view(typing_context: Any, array: Any) -> Any:
        def generate(context: Any, builder: Any, shape: Any, given: Any) -> Any:
            data = context.make_array(array)(context, builder, given[0]).data
            return builder.bitcast(data, INT64.as_pointer())

        return kind(array), generate

    return view


integers_of = _view(INTEGERS)
floats_of = _view(FLOATS)


@intrinsic
def _fetch(typing_context: Any, words: Any, place: Any) -> Any:
    """Have the cache line of `words[place]` on its way; nothing happens where there is none."""

    def generate(context: Any, builder: Any, shape: Any, given: Any) -> Any:
        address = builder.bitcast(builder.gep(given[0], [given[1]]), cgutils.voidptr_t)
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number])
        prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        # Written to, of use for long, data.
        builder.call(prefetch, [address, number(1), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(words, types.int64), generate


fetch: Any = _fetch


@intrinsic
def _apart(typing_context: Any) -> Any:
    """Have the function that calls this stay a function: what is rare must not stand in the loop."""

    def generate(context: Any, builder: Any, shape: Any, given: Any) -> Any:
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), generate


apart: Any = _apart
