"""The application: what is answered at which path."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from translator.distribution import version
from translator.serving.server.batching import ServerBusyError
from translator.serving.server.language_pairs import AUTO, LanguagePairs
from translator.serving.server.limits import Limits
from translator.serving.server.markup import HtmlFragment
from translator.serving.server.messages import (
    LEAST_ATTENTION,
    AlignedHypothesis,
    AlignedLine,
    AttentionAnswer,
    AttentionRequest,
    DetectedLanguage,
    Failure,
    Health,
    ServedLanguage,
    TranslateAnswer,
    TranslateRequest,
    body_description,
    error_response,
    read_body,
)
from translator.serving.server.middleware import (
    BodyLimitMiddleware,
    DisconnectMiddleware,
    HostNameMiddleware,
    OriginMiddleware,
    RateLimitMiddleware,
    SecurityHeadersMiddleware,
)
from translator.serving.server.models import Hypothesis, RequestOptions, ServedModel

_PAGE = Path(__file__).with_name("page")
_FILES = ("page.css", "page.js", "alternatives.js", "server.js", "words.js", "icon.svg")
_BUSY = "Slowdown: too much text waits to be translated"
_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Failure, "description": "The request is not valid, or its text too long."},
    403: {"model": Failure, "description": "Pages of other sites may not use this server."},
    408: {"model": Failure, "description": "The body did not come."},
    413: {"model": Failure, "description": "The body is too large."},
    429: {"model": Failure, "description": "Too many requests; Retry-After says when to try again."},
    500: {"model": Failure, "description": "The model failed."},
}


def create_app(
    models: Mapping[tuple[str, str], ServedModel],
    limits: Limits | None = None,
    host_names: Collection[str] = (),
    origins: Collection[str] = (),
) -> FastAPI:
    """Builds the server's application (ASGI).

    Args:
        models: (source language, target language) -> model.
        limits: what it takes on; None: the defaults.
        host_names: names that a request may call this server by; empty: any.
        origins: other sites whose pages may use it; ``*`` for all.
    """
    limits = limits or Limits()
    language_pairs = LanguagePairs(models, limits.max_waiting)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        language_pairs.start()
        yield
        language_pairs.close()

    app = FastAPI(
        title="translator",
        version=version(),
        description="Translation with models of your own; the calls of LibreTranslate.",
        docs_url=None,  # both would load scripts from another site
        redoc_url=None,
        lifespan=lifespan,
        middleware=middlewares(limits, host_names, origins),
    )
    _add_calls(app, language_pairs, limits)
    _add_page(app)
    _add_failures(app)
    return app


def middlewares(
    limits: Limits, host_names: Collection[str] = (), origins: Collection[str] = ()
) -> list[Middleware]:
    """What a request passes on its way to the application, outermost first; arguments as ``create_app``."""
    # LibreTranslate lets the pages of every site read its answers. Here any page that the user visits could
    # then read translations from a server that is meant for this machine, so it must be asked for.
    cors = Middleware(
        CORSMiddleware, allow_origins=list(origins), allow_methods=["GET", "POST"], allow_headers=["*"]
    )
    return [
        *([cors] if origins else []),
        Middleware(SecurityHeadersMiddleware),
        Middleware(HostNameMiddleware, host_names),
        Middleware(OriginMiddleware, origins),
        Middleware(RateLimitMiddleware, limits.requests_per_minute),
        Middleware(BodyLimitMiddleware, limits),
        Middleware(DisconnectMiddleware),
    ]


def _add_calls(app: FastAPI, language_pairs: LanguagePairs, limits: Limits) -> None:
    languages_served = language_pairs.sources, language_pairs.targets

    @app.post(
        "/translate",
        response_model_exclude_none=True,
        responses=_REFUSALS,
        openapi_extra=body_description(TranslateRequest, *languages_served),
    )
    async def translate(request: Request) -> TranslateAnswer:
        """Translates a text, or several."""
        wanted = await read_body(request, TranslateRequest)
        texts = wanted.q if isinstance(wanted.q, list) else [wanted.q]
        if not any(texts):
            raise HTTPException(400, "Invalid request: missing q parameter")
        _check_length(texts, limits)
        source = language_pairs.source(wanted.source, wanted.target)
        translated = _translated_html if wanted.format == "html" else _translated_texts
        found = await translated(language_pairs, texts, source, wanted.target, wanted.alternatives)
        return _answer(wanted, source, found)

    @app.post(
        "/attention",
        responses=_REFUSALS,
        openapi_extra=body_description(AttentionRequest, *languages_served),
    )
    async def attention(request: Request) -> AttentionAnswer:
        """Translates a text, with the attention between the words of each line and its translations."""
        wanted = await read_body(request, AttentionRequest)
        _check_length([wanted.q], limits)
        source = language_pairs.source(wanted.source, wanted.target)
        lines = wanted.q.split("\n")
        wish = RequestOptions(n_best=wanted.alternatives > 0, attention=True)
        found = await language_pairs.hypotheses(lines, source, wanted.target, wish)
        return AttentionAnswer(
            lines=[
                AlignedLine(
                    source_words=line.split(),
                    hypotheses=[_aligned(one) for one in ranked[: wanted.alternatives + 1]],
                )
                for line, ranked in zip(lines, found, strict=True)
            ]
        )

    @app.get("/languages")
    async def languages() -> list[ServedLanguage]:
        """The languages, by their codes; there are no other names of them."""
        targets = language_pairs.by_source()
        return [ServedLanguage(code=code, name=code, targets=into) for code, into in targets.items()]

    @app.get("/health")
    async def health() -> Health:
        """Says that the server runs."""
        return Health()


def _add_page(app: FastAPI) -> None:
    async def file(request: Request) -> FileResponse:
        return FileResponse(_PAGE / (request.url.path.removeprefix("/") or "index.html"))

    for path in ("", *_FILES):
        app.add_route(f"/{path}", file, include_in_schema=False)


def _add_failures(app: FastAPI) -> None:
    @app.exception_handler(AnyHTTPException)
    async def refused(request: Request, error: AnyHTTPException) -> JSONResponse:
        answer = error_response(error.status_code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(ServerBusyError)
    async def busy(request: Request, error: ServerBusyError) -> JSONResponse:
        return error_response(429, _BUSY, retry_after=1)

    @app.exception_handler(Exception)  # and the server's log has the traceback
    async def failed(request: Request, error: Exception) -> JSONResponse:
        return error_response(500, "Cannot translate text: the model failed; the log of the server says why")


def _check_length(texts: list[str], limits: Limits) -> None:
    length = sum(map(len, texts))
    if length > limits.max_characters:
        raise HTTPException(
            400,
            f"Invalid request: request ({length}) exceeds text limit ({limits.max_characters})",
        )


async def _translated_texts(
    language_pairs: LanguagePairs, texts: list[str], source: str, target: str, alternatives: int
) -> list[list[str]]:
    """The translation of each text and its alternatives."""
    found = await language_pairs.texts(texts, source, target, RequestOptions(n_best=alternatives > 0))
    return [ranked[: alternatives + 1] for ranked in found]


async def _translated_html(
    language_pairs: LanguagePairs, texts: list[str], source: str, target: str, alternatives: int
) -> list[list[str]]:
    """The translation of each text of HTML; there are no alternatives."""
    marked_up = [HtmlFragment(text) for text in texts]
    lines = [line for one in marked_up for line in one.texts]
    found = iter(await language_pairs.hypotheses(lines, source, target, RequestOptions()))
    return [[one.with_texts([next(found)[0].text for _ in one.texts])] for one in marked_up]


def _answer(wanted: TranslateRequest, source: str, found: list[list[str]]) -> TranslateAnswer:
    """The answer for the translations of all texts, each with its alternatives."""
    best, others = [one[0] for one in found], [one[1:] for one in found]
    language = DetectedLanguage(language=source, confidence=0)
    answer = (
        TranslateAnswer(translatedText=best, alternatives=others, detectedLanguage=[language] * len(best))
        if isinstance(wanted.q, list)
        else TranslateAnswer(translatedText=best[0], alternatives=others[0], detectedLanguage=language)
    )
    if not wanted.alternatives:
        answer.alternatives = None
    if wanted.source != AUTO:
        answer.detectedLanguage = None
    return answer


def _aligned(one: Hypothesis) -> AlignedHypothesis:
    attention = None if one.attention is None else [_most_attended(row) for row in one.attention]
    return AlignedHypothesis(
        text=one.text, score=round(one.score, 4), words=one.text.split(), attention=attention
    )


def _most_attended(row: npt.NDArray[np.float32]) -> list[tuple[int, float]]:
    """The source words that a word attended to and how much, from float32 [source words]."""
    seen = [(int(i), round(float(row[i]), 4)) for i in np.flatnonzero(row >= LEAST_ATTENTION)]
    return sorted(seen, key=lambda one: -one[1])
