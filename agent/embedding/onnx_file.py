"""ONNX's file format, as far as a network needs that is drawn around another file's weights.

A file is protobuf: each part is a key, which is a number and a kind, and a value. The ``onnx``
package writes it too, in 18 MB and a third of a second, and would copy the weights that we leave
where they lie. It knows no network.
"""

from collections.abc import Iterator, Mapping
from struct import pack
from typing import TYPE_CHECKING, Any

from records import frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Of onnx.proto, whose numbers are for ever.
MODEL = {"ir_version": 1, "graph": 7, "opset_import": 8}
OPSET = {"domain": 1, "version": 2}
GRAPH = {"node": 1, "name": 2, "initializer": 5, "input": 11, "output": 12}
NODE = {"input": 1, "output": 2, "op_type": 4, "attribute": 5, "domain": 7}
ATTRIBUTE = {"name": 1, "f": 2, "i": 3, "ints": 8, "type": 20}
TENSOR = {
    "dims": 1,
    "data_type": 2,
    "name": 8,
    "raw_data": 9,
    "external_data": 13,
    "data_location": 14,
}
ENTRY = {"key": 1, "value": 2}
VALUE = {"name": 1, "type": 2}
TYPE = {"tensor_type": 1}
TENSOR_TYPE = {"elem_type": 1, "shape": 2}
SHAPE = {"dim": 1}
DIMENSION = {"dim_value": 1, "dim_param": 2}

FLOAT, UINT8, INT8, INT64 = 1, 2, 3, 7
KINDS = {"float32": FLOAT, "uint8": UINT8, "int8": INT8, "int64": INT64}
VARINT, EIGHT_BYTES, COUNTED, FOUR_BYTES = 0, 1, 2, 5
EXTERNAL = 1
IR_VERSION, OPSET_VERSION = 8, 17  # of 2022: with LayerNormalization
FUSED = "com.microsoft"  # onnxruntime's own operators


@frozen
class Tensor:
    """Where numbers lie in a file, little-endian, row by row."""

    kind: int  # of KINDS
    shape: tuple[int, ...]
    start: int
    length: int  # bytes


def tensors(model: Any) -> dict[str, Tensor]:
    """The weights of *model*, a file's bytes or map, by their names."""
    (graph,) = _values(model, 0, len(model), MODEL["graph"])
    return dict(_tensor(model, *place) for place in _values(model, *graph, GRAPH["initializer"]))


def _tensor(model: Any, start: int, stop: int) -> tuple[str, Tensor]:
    def only(field: str) -> tuple[int, int]:
        (place,) = _values(model, start, stop, TENSOR[field])
        return place

    shape = tuple(_varint(model, at)[0] for at, _ in _values(model, start, stop, TENSOR["dims"]))
    kind, _ = _varint(model, only("data_type")[0])
    first, last = only("raw_data")
    name = bytes(model[slice(*only("name"))]).decode()
    return name, Tensor(kind, shape, first, last - first)


def _values(model: Any, start: int, stop: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Where the values of the fields numbered *wanted* begin and end."""
    while start < stop:
        key, start = _varint(model, start)
        if key & 7 == COUNTED:
            length, start = _varint(model, start)
            end = start + length
        elif key & 7 == VARINT:
            _, end = _varint(model, start)
        else:
            end = start + {FOUR_BYTES: 4, EIGHT_BYTES: 8}[key & 7]
        if key >> 3 == wanted:
            yield start, end
        start = end


def _varint(model: Any, at: int) -> tuple[int, int]:
    """Seven bits a byte, the lowest first; and where it ends."""
    number = shift = 0
    while model[at] & 0x80:
        number |= (model[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return number | model[at] << shift, at + 1


class Graph:
    """A network as it is drawn; each value in it is known by a name."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._weights: dict[str, bytes] = {}

    def constant(self, name: str, numbers: "NDArray[Any]") -> str:
        self._weights[name] = _message(
            TENSOR,
            dims=numbers.shape,
            data_type=KINDS[numbers.dtype.name],
            name=name,
            raw_data=numbers.tobytes(),
        )
        return name

    def elsewhere(self, name: str, tensor: Tensor, file: str) -> str:
        """Weights that stay in *file*, beside which the model is opened."""
        place = {"location": file, "offset": str(tensor.start), "length": str(tensor.length)}
        self._weights[name] = _message(
            TENSOR,
            dims=tensor.shape,
            data_type=tensor.kind,
            name=name,
            external_data=[_message(ENTRY, key=key, value=place[key]) for key in place],
            data_location=EXTERNAL,
        )
        return name

    def compute(
        self, operator: str, *inputs: str, domain: str = "", **attributes: float | list[int]
    ) -> str:
        """The name of what *operator* makes of *inputs*; a blank one is left out."""
        name = f"{operator}_{len(self._nodes)}"
        self._nodes.append(
            _message(
                NODE,
                input=inputs,
                output=name,
                op_type=operator,
                attribute=[_attribute(*named) for named in attributes.items()],
                domain=domain,
            )
        )
        return name

    def model(self, taken: bytes, given: bytes) -> bytes:
        """The file, of a network that takes one ``value`` and gives another."""
        return _message(
            MODEL,
            ir_version=IR_VERSION,
            graph=_message(
                GRAPH,
                node=self._nodes,
                name="network",
                initializer=list(self._weights.values()),
                input=taken,
                output=given,
            ),
            opset_import=[
                _message(OPSET, domain="", version=OPSET_VERSION),
                _message(OPSET, domain=FUSED, version=1),
            ],
        )


def value(name: str, kind: int, *dimensions: int | str) -> bytes:
    """What goes in or out; a dimension is a number, or a name where it differs."""
    sizes = [
        _message(DIMENSION, **{"dim_param" if isinstance(size, str) else "dim_value": size})
        for size in dimensions
    ]
    of = _message(TENSOR_TYPE, elem_type=kind, shape=_message(SHAPE, dim=sizes))
    return _message(VALUE, name=name, type=_message(TYPE, tensor_type=of))


def _attribute(name: str, setting: float | list[int]) -> bytes:
    field, kind = {float: ("f", 1), int: ("i", 2), list: ("ints", 7)}[type(setting)]
    return _message(ATTRIBUTE, name=name, type=kind, **{field: setting})


def _message(numbers: Mapping[str, int], **fields: Any) -> bytes:
    """*fields* by the *numbers* of their names; each of a list or tuple is a field by itself."""
    parts = bytearray()
    for name, setting in fields.items():
        for one in setting if isinstance(setting, (list, tuple)) else [setting]:
            parts += _field(numbers[name], one)
    return bytes(parts)


def _field(number: int, one: Any) -> bytes:
    if isinstance(one, int):
        return _bytes(number << 3 | VARINT) + _bytes(one)
    if isinstance(one, float):
        return _bytes(number << 3 | FOUR_BYTES) + pack("<f", one)
    text = one.encode() if isinstance(one, str) else one
    return _bytes(number << 3 | COUNTED) + _bytes(len(text)) + text


def _bytes(number: int) -> bytes:
    number &= 2**64 - 1  # as two's complement
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])
