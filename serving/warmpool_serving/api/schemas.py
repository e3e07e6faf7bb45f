"""What clients send and get, as pydantic models: for the OpenAPI document and for people's editors.

The serving process never imports this (docs/adr/0003-starlette-in-the-serving-process.md); it checks
requests by hand, and a property-based test holds it to these models.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(min_length=1)]
Texts = Text | Annotated[list[Text], Field(min_length=1)]
Dimensions = Annotated[
    int | None, Field(ge=1, description="Only what the model was trained for; unset: all of them.")
]
Vector = list[float]
Base64 = Annotated[
    str,
    Field(description="Little-endian float32 numbers.", json_schema_extra={"contentEncoding": "base64"}),
]


class _Model(BaseModel):
    model_config = ConfigDict(protected_namespaces=())


class EmbeddingRequest(_Model):
    """Texts to embed, as OpenAI's API takes them; token ids are refused."""

    input: Texts
    model: str | None = Field(default=None, description="Not checked: one process serves one model.")
    encoding_format: Literal["float", "base64"] | None = "float"
    dimensions: Dimensions = None
    user: str | None = Field(default=None, description="Not read.")


class Embedding(_Model):
    """One vector."""

    object: Literal["embedding"]
    index: int = Field(ge=0, description="Position of the text in the request.")
    embedding: Vector | Base64


class Usage(_Model):
    """Tokens of all texts, special ones included, after truncation."""

    prompt_tokens: int = Field(ge=0)
    total_tokens: int = Field(ge=0)


class EmbeddingAnswer(_Model):
    """Vectors in the order of the texts."""

    object: Literal["list"]
    data: list[Embedding]
    model: str
    usage: Usage


class OpenAIErrorDetail(_Model):
    """What went wrong; ``param`` is the field at fault."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(_Model):
    """An error as OpenAI's clients read it."""

    error: OpenAIErrorDetail


class ServedModel(_Model):
    """The model as OpenAI's list shows it; ``created`` is seconds since 1970."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(_Model):
    """The list of the one model."""

    object: Literal["list"]
    data: list[ServedModel]


class EmbedRequest(_Model):
    """Texts to embed, as text-embeddings-inference takes them."""

    inputs: Texts
    normalize: bool | None = True
    truncate: bool | None = Field(default=None, description="False refuses texts that are too long; 413.")
    truncation_direction: Literal["right", "Right"] | None = None
    prompt_name: None = Field(default=None, description="No model here has prompts.")
    dimensions: Dimensions = None


class NativeError(_Model):
    """An error as clients of text-embeddings-inference read it."""

    error: str
    error_type: str


class Pooling(_Model):
    """How vectors of tokens become one."""

    pooling: str


class ModelType(_Model):
    """What the model is for."""

    embedding: Pooling


class Info(_Model):
    """What is served, and within which limits."""

    model_id: str
    model_sha: str | None
    model_dtype: str
    model_type: ModelType
    max_concurrent_requests: int
    max_input_length: int = Field(description="Tokens of one text; longer texts are truncated.")
    max_batch_tokens: int
    max_batch_requests: int
    max_client_batch_size: int = Field(description="Texts of one request.")
    auto_truncate: bool
    tokenization_workers: int
    version: str


class Live(_Model):
    """The process answers."""

    live: bool


class Ready(_Model):
    """Whether the model ``name`` is loaded, warmed and proven, and the process is not leaving."""

    name: str
    ready: bool


class NotServed(_Model):
    """The model is not the one that is served."""

    error: str
