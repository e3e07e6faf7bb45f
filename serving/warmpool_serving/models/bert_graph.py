"""A BERT encoder as a fused ONNX graph for packed texts, written node by node.

Tracing the PyTorch model and fusing the result afterwards gives a padded graph of several hundred
nodes; writing it down gives fourteen nodes per layer, needs no torch, and is the same on every
machine. The operators of the ``com.microsoft`` domain are onnxruntime's own, with CPU kernels.
Inputs are described in `engines.onnx.pack`; the output is ``vectors`` [n, H], of length 1 if asked.
Weights follow the PyTorch layout of Hugging Face's ``BertModel`` (a linear layer is [out, in]).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

_OPSET: Final = 17
_IR_VERSION: Final = 9
_CONTRIB: Final = "com.microsoft"

Weights = Mapping[str, NDArray[np.float32]]


class UnsupportedModelError(ValueError):
    """The model is not a BERT encoder as this graph computes it; the message says why."""


@dataclass(frozen=True, slots=True)
class BertShape:
    """Sizes of an encoder, and the epsilon of its layer normalisations."""

    layers: int
    heads: int
    hidden: int
    epsilon: float


def shape_of(config: Mapping[str, Any]) -> BertShape:
    """Reads the sizes from ``config.json``.

    Raises:
        UnsupportedModelError: it is another architecture.
    """
    wanted = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
    for name, value in wanted.items():
        if config.get(name, value) != value:
            raise UnsupportedModelError(
                f"{name} is {config[name]!r}; the onnx engine computes {value!r} only"
            )
    return BertShape(
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        hidden=config["hidden_size"],
        epsilon=config.get("layer_norm_eps", 1e-12),
    )


@dataclass(slots=True)
class Graph:
    """Nodes and initializers in the making."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    tensors: dict[str, NDArray[Any]] = field(default_factory=dict)

    def op(
        self, kind: str, inputs: list[str], output: str, *, contrib: bool = False, **attributes: Any
    ) -> str:
        """Adds a node with one output; returns the output's name."""
        domain = _CONTRIB if contrib else ""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, domain=domain, **attributes))
        return output

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Adds an initializer; returns its name."""
        self.tensors[name] = np.ascontiguousarray(value)
        return name


def build(weights: Weights, shape: BertShape, *, normalize: bool) -> Graph:
    """Builds the graph."""
    encoder = _Encoder(weights, shape)
    graph, hidden = encoder.graph, encoder.embeddings()
    for layer in range(shape.layers):
        hidden = encoder.layer(layer, hidden)
    if not normalize:
        graph.op("MatMul", ["pool", hidden], "vectors")
        return graph
    pooled = graph.op("MatMul", ["pool", hidden], "pooled")
    norm = graph.op("ReduceL2", [pooled], "norm", axes=[1], keepdims=1)
    floor = graph.constant("norm_floor", np.array(1e-12, dtype=np.float32))
    graph.op("Div", [pooled, graph.op("Max", [norm, floor], "norm_safe")], "vectors")
    return graph


@dataclass(frozen=True, slots=True)
class _Encoder:
    """Adds the parts of an encoder to a graph; each method returns the name of its output."""

    weights: Weights
    shape: BertShape
    graph: Graph = field(default_factory=Graph)

    def embeddings(self) -> str:
        graph, weights = self.graph, self.weights
        words = graph.constant("word_embeddings", weights["embeddings.word_embeddings.weight"])
        # One segment only: its embedding belongs to every token, so it is added to the positions here.
        segment = weights["embeddings.token_type_embeddings.weight"][0]
        places = graph.constant(
            "position_embeddings", weights["embeddings.position_embeddings.weight"] + segment
        )
        graph.op("Gather", [words, "ids"], "words", axis=0)
        graph.op("Gather", [places, "positions"], "places", axis=0)
        return self._add_norm("embeddings.LayerNorm", ["words", "places"], "embedded")

    def layer(self, layer: int, hidden: str) -> str:
        source, name = f"encoder.layer.{layer}", f"layer{layer}"
        mixed = self._attention(f"{source}.attention.self", name, hidden)
        out = self._linear(f"{source}.attention.output.dense", mixed, f"{name}.out", biased=True)
        middle = self._add_norm(f"{source}.attention.output.LayerNorm", [out, hidden], f"{name}.middle")
        wide = self._linear(f"{source}.intermediate.dense", middle, f"{name}.wide")
        shift = self.graph.constant(f"{name}.wide.bias", self.weights[f"{source}.intermediate.dense.bias"])
        active = self.graph.op("BiasGelu", [wide, shift], f"{name}.gelu", contrib=True)
        narrow = self._linear(f"{source}.output.dense", active, f"{name}.narrow", biased=True)
        return self._add_norm(f"{source}.output.LayerNorm", [narrow, middle], f"{name}.end")

    def _attention(self, source: str, name: str, hidden: str) -> str:
        graph, parts = self.graph, ("query", "key", "value")
        matrix = np.concatenate([self.weights[f"{source}.{part}.weight"].T for part in parts], axis=1)
        bias = np.concatenate([self.weights[f"{source}.{part}.bias"] for part in parts])
        factors = [graph.constant(f"{name}.qkv.weight", matrix), graph.constant(f"{name}.qkv.bias", bias)]
        packed = graph.op("Gemm", [hidden, *factors], f"{name}.qkv")
        laid_out = graph.op("Gather", [packed, "unpack"], f"{name}.unpacked", axis=0)
        split = [f"{name}.{part}" for part in parts]
        sizes = graph.constant("qkv_sizes", np.full(3, self.shape.hidden, dtype=np.int64))
        graph.nodes.append(helper.make_node("Split", [laid_out, sizes], split, name=f"{name}.split", axis=2))
        inputs = [*split, "", "mask"]
        mixed = graph.op(
            "MultiHeadAttention", inputs, f"{name}.mixed", contrib=True, num_heads=self.shape.heads
        )
        rows = graph.constant("rows", np.array([-1, self.shape.hidden], dtype=np.int64))
        flat = graph.op("Reshape", [mixed, rows], f"{name}.flat")
        return graph.op("Gather", [flat, "repack"], f"{name}.attended", axis=0)

    def _linear(self, source: str, value: str, name: str, *, biased: bool = False) -> str:
        factors = [self.graph.constant(f"{name}.weight", self.weights[f"{source}.weight"].T)]
        if not biased:
            return self.graph.op("MatMul", [value, *factors], name)
        factors.append(self.graph.constant(f"{name}.bias", self.weights[f"{source}.bias"]))
        return self.graph.op("Gemm", [value, *factors], name)

    def _add_norm(self, source: str, values: list[str], name: str) -> str:
        # Not SkipLayerNormalization, which does both: 456 tokens of 384 take it 1.05 ms, and these two 0.23
        # (onnxruntime 1.32, one core with AVX-512).
        graph = self.graph
        inputs = [
            graph.op("Add", values, f"{name}.sum"),
            graph.constant(f"{name}.scale", self.weights[f"{source}.weight"]),
            graph.constant(f"{name}.shift", self.weights[f"{source}.bias"]),
        ]
        return graph.op("LayerNormalization", inputs, name, axis=-1, epsilon=self.shape.epsilon)


def model_of(graph: Graph, initializers: list[onnx.TensorProto], *, dims: int) -> onnx.ModelProto:
    """The graph as a model; ``initializers`` stand for `Graph.tensors`, wherever their bytes lie."""
    tokens, texts, longest = "tokens", "texts", "longest"
    inputs = [
        helper.make_tensor_value_info("ids", TensorProto.INT64, [tokens]),
        helper.make_tensor_value_info("positions", TensorProto.INT64, [tokens]),
        helper.make_tensor_value_info("unpack", TensorProto.INT64, [texts, longest]),
        helper.make_tensor_value_info("mask", TensorProto.INT32, [texts, longest]),
        helper.make_tensor_value_info("repack", TensorProto.INT64, [tokens]),
        helper.make_tensor_value_info("pool", TensorProto.FLOAT, [texts, tokens]),
    ]
    outputs = [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, [texts, dims])]
    body = helper.make_graph(graph.nodes, "packed-bert", inputs, outputs, initializer=initializers)
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_CONTRIB, 1)]
    return helper.make_model(body, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="warmpool")
