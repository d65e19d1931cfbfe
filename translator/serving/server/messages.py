"""What comes in and goes out: the bodies of requests and answers, which the OpenAPI description shows."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.datastructures import ImmutableMultiDict, MultiDict
from starlette.responses import JSONResponse

_SOURCE = "Code of the language of the text; auto: the only one that can be translated into the target."
_TARGET = "Code of the language to translate into."
_URL_ENCODED = "application/x-www-form-urlencoded"
_FORMS = (_URL_ENCODED, "multipart/form-data")
LEAST_ATTENTION = 0.01  # all of it would be millions of numbers for a long line of short words
Body = TypeVar("Body", bound=BaseModel)


def _or_default(default: Any) -> BeforeValidator:
    """Takes null and an empty text, which clients send for what they leave out, as the default."""
    return BeforeValidator(lambda value: default if value in (None, "") else value)


Count = Annotated[int, Field(ge=0), _or_default(0)]
Language = Annotated[str, Field(min_length=1, max_length=100)]  # messages repeat it


class TranslateRequest(BaseModel):
    """A request of LibreTranslate's ``/translate``."""

    model_config = ConfigDict(extra="ignore", title="TranslateRequest")

    q: str | list[str] = Field(description="The text, or several. Every line is translated by itself.")
    source: Language = Field(description=_SOURCE)
    target: Language = Field(description=_TARGET)
    format: Annotated[Literal["text", "html"], _or_default("text")] = Field(
        "text", description="html: tags stay, and what stands between two of them is translated."
    )
    alternatives: Count = Field(
        0, description="Other translations wanted; there may be fewer, and of html there are none."
    )
    api_key: str | None = Field(None, description="Not looked at.")


class DetectedLanguage(BaseModel):
    """The language that ``auto`` stands for. Nothing is detected, which a confidence of 0 says."""

    language: str
    confidence: float = Field(ge=0, le=100)


class TranslateAnswer(BaseModel):
    """An answer of LibreTranslate's ``/translate``; lists where ``q`` was one."""

    translatedText: str | list[str]  # noqa: N815  (LibreTranslate's name)
    detectedLanguage: DetectedLanguage | list[DetectedLanguage] | None = Field(  # noqa: N815
        None, description="Only where the source is auto."
    )
    alternatives: list[str] | list[list[str]] | None = Field(None, description="Only where asked for.")


class ServedLanguage(BaseModel):
    """A language that is translated from or into."""

    code: str
    name: str
    targets: list[str] = Field(description="Codes of the languages that it is translated into.")


class Health(BaseModel):
    """That the server runs."""

    status: Literal["ok"] = "ok"


class AttentionRequest(BaseModel):
    """A text whose translation is wanted with the attention between the words."""

    model_config = ConfigDict(title="AttentionRequest")

    q: str = Field(min_length=1, description="The text. Every line is translated by itself.")
    source: Language = Field(description=_SOURCE)
    target: Language = Field(description=_TARGET)
    alternatives: Count = Field(0, description="Other translations wanted; there may be fewer.")


class AlignedHypothesis(BaseModel):
    """One translation of a line."""

    text: str
    score: float = Field(description="Log-probability over length penalty; higher is better.")
    words: list[str]
    attention: list[list[tuple[int, float]]] | None = Field(
        description="For each word of the translation, the source words that it attended to, from 0, "
        f"and how much, if at least {LEAST_ATTENTION}; the most first. Null where the line is very long or "
        "the model cannot say."
    )


class AlignedLine(BaseModel):
    """A line of the text and its translations, best first; an empty line has none."""

    source_words: list[str]
    hypotheses: list[AlignedHypothesis]


class AttentionAnswer(BaseModel):
    """The lines of a text, in order."""

    lines: list[AlignedLine]


class Failure(BaseModel):
    """Why there is no answer."""

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
    """The OpenAPI description of a body that is read by ``read_body``, with the languages that are served."""
    schema = model.model_json_schema()
    schema["properties"]["source"]["enum"] = ["auto", *sorted(sources)]
    schema["properties"]["target"]["enum"] = sorted(targets)
    described = {"schema": schema}
    content = dict.fromkeys(("application/json", *_FORMS), described)
    return {"requestBody": {"required": True, "content": content}}


async def read_body(request: Request, model: type[Body]) -> Body:
    """Reads a body of JSON or of a form, as LibreTranslate takes both.

    Raises:
        HTTPException: 400, if it does not hold what it must.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if media_type == _URL_ENCODED:
            return model.model_validate(_values(await _url_encoded(request), model))
        if media_type in _FORMS:
            async with request.form() as form:
                return model.model_validate(_values(form, model))
        return model.model_validate_json(await request.body())
    except ValidationError as error:
        raise HTTPException(400, f"Invalid request: {_first_fault(error)}") from None


async def _url_encoded(request: Request) -> MultiDict:
    """A form in UTF-8, whether its letters are escaped or not: ``curl -d`` sends them as they are.

    Raises:
        HTTPException: 400, if it is not in UTF-8.
    """
    try:
        text = (await request.body()).decode()
        return MultiDict(parse_qsl(text, keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError:
        raise HTTPException(400, "Invalid request: the form is not in UTF-8") from None


def _values(form: ImmutableMultiDict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """The fields of a form; ``q`` may stand in it several times."""
    values: dict[str, Any] = dict(form)
    texts = form.getlist("q")
    if len(texts) > 1 and model is TranslateRequest:
        values["q"] = texts
    return values


def _first_fault(error: ValidationError) -> str:
    """What is wrong, in a line; without the input, which may be anything."""
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = [str(part) for part in fault["loc"]]
    if fault["type"] == "missing" or (fault["type"] == "string_too_short" and len(place) == 1):
        return f"missing {place[0]} parameter"
    if place:
        return f"{place[0]} parameter: {fault['msg']}"
    return "the body is neither valid JSON nor a form" if fault["type"] == "json_invalid" else fault["msg"]
