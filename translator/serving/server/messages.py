"""The bodies of requests and answers, as the OpenAPI description shows them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.datastructures import ImmutableMultiDict
from starlette.responses import JSONResponse

_SOURCE = "Code of the source language; auto: the only language that is translated into the target."
_TARGET = "Code of the target language."
_URL_ENCODED = "application/x-www-form-urlencoded"
_FORMS = (_URL_ENCODED, "multipart/form-data")
LEAST_ATTENTION = 0.01  # smaller weights would fill the answer: a long line has millions
Body = TypeVar("Body", bound=BaseModel)


def _or_default(default: Any) -> BeforeValidator:
    """Replaces null and the empty text, which clients send for fields they leave out, by the default."""
    return BeforeValidator(lambda value: default if value in (None, "") else value)


Count = Annotated[int, Field(ge=0), _or_default(0)]
Language = Annotated[str, Field(min_length=1, max_length=100)]  # limited, because messages repeat it


class TranslateRequest(BaseModel):
    """A request of LibreTranslate's ``/translate``."""

    model_config = ConfigDict(extra="ignore", title="TranslateRequest")

    q: str | list[str] = Field(description="One text or several. Every line is translated by itself.")
    source: Language = Field(description=_SOURCE)
    target: Language = Field(description=_TARGET)
    format: Annotated[Literal["text", "html"], _or_default("text")] = Field(
        "text", description="html: tags are kept, and the text between them is translated."
    )
    alternatives: Count = Field(
        0, description="Number of other translations; there may be fewer, and html has none."
    )
    api_key: Any = Field(None, description="Ignored.")


class DetectRequest(BaseModel):
    """A request of LibreTranslate's ``/detect``."""

    model_config = ConfigDict(extra="ignore", title="DetectRequest")

    q: str = Field(min_length=1, description="A text.")
    api_key: Any = Field(None, description="Ignored.")


class DetectedLanguage(BaseModel):
    """The language that ``auto`` stands for. It is not detected, hence the confidence of 0."""

    language: str
    confidence: float = Field(ge=0, le=100)


class TranslateAnswer(BaseModel):
    """An answer of LibreTranslate's ``/translate``, with lists if ``q`` was a list."""

    translatedText: str | list[str]  # noqa: N815  (LibreTranslate's name)
    detectedLanguage: DetectedLanguage | list[DetectedLanguage] | None = Field(  # noqa: N815
        None, description="Only if the source is auto."
    )
    alternatives: list[str] | list[list[str]] | None = Field(None, description="Only if requested.")


class ServedLanguage(BaseModel):
    """A language that is translated from or into."""

    code: str
    name: str
    targets: list[str] = Field(description="Codes of the languages that it is translated into.")


class NamedLanguage(BaseModel):
    """A language."""

    code: str
    name: str


class DefaultLanguages(BaseModel):
    """The languages that a client shows first."""

    source: NamedLanguage
    target: NamedLanguage


class FrontendSettings(BaseModel):
    """What this server offers, for the clients of LibreTranslate."""

    apiKeys: bool = False  # noqa: N815  (LibreTranslate's names)
    charLimit: int = Field(description="Most characters of a request.")  # noqa: N815
    filesTranslation: bool = False  # noqa: N815
    frontendTimeout: int = Field(default=500, description="Milliseconds to wait while a user types.")  # noqa: N815
    keyRequired: bool = False  # noqa: N815
    language: DefaultLanguages
    suggestions: bool = False
    supportedFilesFormat: list[str] = []  # noqa: N815


class Health(BaseModel):
    """The state of the server."""

    status: Literal["ok"] = "ok"


class AttentionRequest(BaseModel):
    """A text to translate, with the attention between words."""

    model_config = ConfigDict(title="AttentionRequest")

    q: str = Field(min_length=1, description="The text. Every line is translated by itself.")
    source: Language = Field(description=_SOURCE)
    target: Language = Field(description=_TARGET)
    alternatives: Count = Field(0, description="Number of other translations; there may be fewer.")


class AlignedHypothesis(BaseModel):
    """One translation of a line."""

    text: str
    score: float = Field(description="Log-probability divided by the length penalty; higher is better.")
    words: list[str]
    attention: list[list[tuple[int, float]]] | None = Field(
        description="For each word of the translation, pairs of the index of a source word (from 0) and its "
        f"attention weight, highest first, for weights of at least {LEAST_ATTENTION}. Null if the line is "
        "very long or the model has no attention for it."
    )


class AlignedLine(BaseModel):
    """A line of the text and its translations, best first; an empty line has none."""

    source_words: list[str]
    hypotheses: list[AlignedHypothesis]


class AttentionAnswer(BaseModel):
    """The lines of a text, in order."""

    lines: list[AlignedLine]


class Failure(BaseModel):
    """The reason why a request has failed."""

    error: str


def error_response(status: int, reason: str, retry_after: int | None = None) -> JSONResponse:
    """Returns an answer in the form of LibreTranslate's errors.

    Args:
        status: the HTTP status.
        reason: what is wrong, for people.
        retry_after: seconds after which to try again; None: trying again does not help.
    """
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return JSONResponse({"error": reason}, status, headers)


def body_description(
    model: type[BaseModel], sources: Collection[str], targets: Collection[str]
) -> dict[str, Any]:
    """Returns the OpenAPI description of a body that ``read_body`` reads, with the served languages."""
    schema = model.model_json_schema()
    if "source" in schema["properties"]:
        schema["properties"]["source"]["enum"] = ["auto", *sorted(sources)]
        schema["properties"]["target"]["enum"] = sorted(targets)
    media_type = {"schema": schema}
    content = dict.fromkeys(("application/json", *_FORMS), media_type)
    return {"requestBody": {"required": True, "content": content}}


async def read_body(request: Request, model: type[Body]) -> Body:
    """Reads a body, which may be JSON or a form, as in LibreTranslate.

    Arguments in the address count like fields of a form, and come before them.

    Raises:
        HTTPException: 400, if the body is not valid.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if media_type not in _FORMS and ((body := await request.body()) or not request.url.query):
            return model.model_validate_json(body)
        arguments = _url_encoded(request.scope["query_string"])
        if media_type == _URL_ENCODED:
            return model.model_validate(_values(arguments, _url_encoded(await request.body()), model))
        async with request.form() as form:
            return model.model_validate(_values(arguments, form, model))
    except ValidationError as error:
        raise HTTPException(400, f"Invalid request: {_first_error(error)}") from None


def _url_encoded(form: bytes) -> ImmutableMultiDict[str, Any]:
    """Reads a form in UTF-8 with or without escapes: ``curl -d`` sends letters unescaped.

    Raises:
        HTTPException: 400, if the form is not in UTF-8.
    """
    try:
        return ImmutableMultiDict(parse_qsl(form.decode(), keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError:
        raise HTTPException(400, "Invalid request: the form is not in UTF-8") from None


def _values(
    arguments: ImmutableMultiDict[str, Any], form: ImmutableMultiDict[str, Any], model: type[BaseModel]
) -> dict[str, Any]:
    """Returns the fields of a request, in which ``q`` may appear several times."""
    values = {**form, **arguments}
    texts = arguments.getlist("q") or form.getlist("q")
    if len(texts) > 1 and model is TranslateRequest:
        values["q"] = texts
    return values


def _first_error(error: ValidationError) -> str:
    """Returns the first error in one line; without the input, which may be anything."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    location = [str(part) for part in first["loc"]]
    if first["type"] == "missing" or (first["type"] == "string_too_short" and len(location) == 1):
        return f"missing {location[0]} parameter"
    if location:
        return f"{location[0]} parameter: {first['msg']}"
    return "the body is neither valid JSON nor a form" if first["type"] == "json_invalid" else first["msg"]
