"""The web application: its paths and what each of them answers."""

from __future__ import annotations

import asyncio
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
from translator.serving.server.language_pairs import AUTO, LanguagePair, LanguagePairs
from translator.serving.server.languages import english_name
from translator.serving.server.limits import Limits
from translator.serving.server.markup import HtmlFragment
from translator.serving.server.messages import (
    LEAST_ATTENTION,
    AlignedHypothesis,
    AlignedLine,
    AttentionAnswer,
    AttentionRequest,
    DefaultLanguages,
    DetectedLanguage,
    DetectRequest,
    Failure,
    FrontendSettings,
    Health,
    NamedLanguage,
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
    FailureMiddleware,
    HostNameMiddleware,
    OriginMiddleware,
    RateLimitMiddleware,
    SecurityHeadersMiddleware,
)
from translator.serving.server.models import Hypothesis, RequestOptions, ServedModel

_PAGE = Path(__file__).with_name("page")
_FILES = ("page.css", "page.js", "alternatives.js", "server.js", "words.js", "icon.svg")
_BUSY = "Slowdown: too much text waits to be translated"
_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": Failure, "description": "The request is not valid, or its text is too long."},
    403: {"model": Failure, "description": "Pages of other sites may not use this server."},
    408: {"model": Failure, "description": "The body did not arrive in time."},
    413: {"model": Failure, "description": "The body is too large."},
    429: {"model": Failure, "description": "Too many requests; Retry-After says when to try again."},
    500: {"model": Failure, "description": "The model failed."},
    503: {"model": Failure, "description": "The text was not translated in time, or the server is stopping."},
}


def create_app(
    models: Mapping[tuple[str, str], ServedModel],
    limits: Limits | None = None,
    host_names: Collection[str] = (),
    origins: Collection[str] = (),
) -> FastAPI:
    """Builds the application of the server (ASGI).

    Args:
        models: (source language, target language) -> model.
        limits: how much work the server takes on; None: the defaults.
        host_names: names by which a request may call this server; empty: any.
        origins: other sites whose pages may use the server; ``*`` for all.
    """
    limits = limits or Limits()
    language_pairs = LanguagePairs(models, limits)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        language_pairs.start()
        yield
        await asyncio.to_thread(language_pairs.close)

    app = FastAPI(
        title="translator",
        version=version(),
        description="Translation with your own models, through the API of LibreTranslate.",
        docs_url=None,  # both pages would load scripts from another site
        redoc_url=None,
        lifespan=lifespan,
        middleware=middlewares(limits, host_names, origins),
    )
    app.state.language_pairs = language_pairs
    _add_translation(app, language_pairs, limits)
    _add_languages(app, language_pairs, limits)
    _add_page(app)
    _add_error_handlers(app)
    return app


def middlewares(
    limits: Limits, host_names: Collection[str] = (), origins: Collection[str] = ()
) -> list[Middleware]:
    """Returns the middlewares of the application, outermost first; arguments as for ``create_app``."""
    # LibreTranslate lets the pages of every site read its answers. Here any page that the user visits could
    # then read translations from a server that is meant for this machine, so it must be asked for.
    cors = Middleware(
        CORSMiddleware, allow_origins=list(origins), allow_methods=["GET", "POST"], allow_headers=["*"]
    )
    return [
        *([cors] if origins else []),
        Middleware(SecurityHeadersMiddleware),
        Middleware(FailureMiddleware),
        Middleware(HostNameMiddleware, host_names),
        Middleware(OriginMiddleware, origins),
        Middleware(RateLimitMiddleware, limits.requests_per_minute),
        Middleware(BodyLimitMiddleware, limits),
        Middleware(DisconnectMiddleware),
    ]


def _add_translation(app: FastAPI, language_pairs: LanguagePairs, limits: Limits) -> None:
    languages_served = language_pairs.sources, language_pairs.targets

    @app.post(
        "/translate",
        response_model_exclude_none=True,
        responses=_ERRORS,
        openapi_extra=body_description(TranslateRequest, *languages_served),
    )
    async def translate(request: Request) -> TranslateAnswer:
        """Translates one text or several."""
        body = await read_body(request, TranslateRequest)
        texts = body.q if isinstance(body.q, list) else [body.q]
        if not any(texts):
            raise HTTPException(400, "Invalid request: missing q parameter")
        _check_length(texts, limits)
        pair = language_pairs.resolve(body.source, body.target)
        if not language_pairs.is_served(pair):  # into the same language
            return _answer(body, pair.source, [[text] for text in texts])
        translate_all = _translate_html if body.format == "html" else _translate_texts
        translations = await translate_all(language_pairs, texts, pair, body.alternatives)
        return _answer(body, pair.source, translations)

    @app.post(
        "/attention",
        responses=_ERRORS,
        openapi_extra=body_description(AttentionRequest, *languages_served),
    )
    async def attention(request: Request) -> AttentionAnswer:
        """Translates a text and returns the attention between the words of each line and its translation."""
        body = await read_body(request, AttentionRequest)
        _check_length([body.q], limits)
        pair = language_pairs.resolve(body.source, body.target)
        lines = body.q.split("\n")
        options = RequestOptions(n_best=body.alternatives > 0, attention=True)
        hypotheses = await language_pairs.translate_lines(lines, pair, options)
        return AttentionAnswer(
            lines=[
                AlignedLine(
                    source_words=line.split(),
                    hypotheses=[_align(hypothesis) for hypothesis in ranked[: body.alternatives + 1]],
                )
                for line, ranked in zip(lines, hypotheses, strict=True)
            ]
        )


def _add_languages(app: FastAPI, language_pairs: LanguagePairs, limits: Limits) -> None:
    served = language_pairs.sources, language_pairs.targets

    @app.post("/detect", responses=_ERRORS, openapi_extra=body_description(DetectRequest, *served))
    async def detect(request: Request) -> list[DetectedLanguage]:
        """Returns the source language, if there is only one; languages are not detected."""
        body = await read_body(request, DetectRequest)
        _check_length([body.q], limits)
        return [DetectedLanguage(language=language_pairs.only_source(), confidence=0)]

    @app.get("/languages")
    async def languages() -> list[ServedLanguage]:
        """Lists the languages with their names in English and the targets of each."""
        return [
            ServedLanguage(code=code, name=english_name(code), targets=targets)
            for code, targets in language_pairs.targets_by_source().items()
        ]

    @app.get("/frontend/settings")
    async def settings() -> FrontendSettings:
        """Says what this server offers and which languages to show first."""
        source, target = language_pairs.first_pair()
        default = DefaultLanguages(
            source=NamedLanguage(code=source, name=english_name(source)),
            target=NamedLanguage(code=target, name=english_name(target)),
        )
        return FrontendSettings(charLimit=limits.max_characters, language=default)

    @app.get("/health")
    async def health() -> Health:
        """Reports that the server is running."""
        return Health()


def _add_page(app: FastAPI) -> None:
    async def file(request: Request) -> FileResponse:
        return FileResponse(_PAGE / (request.url.path.removeprefix("/") or "index.html"))

    for path in ("", *_FILES):
        app.add_route(f"/{path}", file, include_in_schema=False)


def _add_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(AnyHTTPException)
    async def refused(request: Request, error: AnyHTTPException) -> JSONResponse:
        answer = error_response(error.status_code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(ServerBusyError)
    async def busy(request: Request, error: ServerBusyError) -> JSONResponse:
        return error_response(429, _BUSY, retry_after=1)

    @app.exception_handler(TimeoutError)
    async def late(request: Request, error: TimeoutError) -> JSONResponse:
        return error_response(
            503, "the text was not translated in time; send less text at once, or try later"
        )


def _check_length(texts: list[str], limits: Limits) -> None:
    length = sum(map(len, texts))
    if length > limits.max_characters:
        raise HTTPException(
            400,
            f"Invalid request: request ({length}) exceeds text limit ({limits.max_characters})",
        )


async def _translate_texts(
    language_pairs: LanguagePairs, texts: list[str], pair: LanguagePair, alternatives: int
) -> list[list[str]]:
    """Returns the translation of each text, followed by its alternatives."""
    options = RequestOptions(n_best=alternatives > 0)
    translations = await language_pairs.translate_texts(texts, pair, options)
    return [ranked[: alternatives + 1] for ranked in translations]


async def _translate_html(
    language_pairs: LanguagePairs, texts: list[str], pair: LanguagePair, alternatives: int
) -> list[list[str]]:
    """Returns the translation of each text of HTML; there are no alternatives."""
    # In a thread, so that other calls do not wait for a very long text.
    fragments = await asyncio.to_thread(lambda: [HtmlFragment(text) for text in texts])
    lines = [line for fragment in fragments for line in fragment.texts]
    hypotheses = await language_pairs.translate_lines(lines, pair, RequestOptions())
    translations = iter([ranked[0].text if ranked else "" for ranked in hypotheses])
    return await asyncio.to_thread(
        lambda: [
            [fragment.with_texts([next(translations) for _ in fragment.texts])] for fragment in fragments
        ]
    )


def _answer(body: TranslateRequest, source: str, translations: list[list[str]]) -> TranslateAnswer:
    """Returns the answer to a request from the ranked translations of each of its texts."""
    best, others = [ranked[0] for ranked in translations], [ranked[1:] for ranked in translations]
    language = DetectedLanguage(language=source, confidence=0)
    answer = (
        TranslateAnswer(translatedText=best, alternatives=others, detectedLanguage=[language] * len(best))
        if isinstance(body.q, list)
        else TranslateAnswer(translatedText=best[0], alternatives=others[0], detectedLanguage=language)
    )
    if not body.alternatives:
        answer.alternatives = None
    if body.source != AUTO:
        answer.detectedLanguage = None
    return answer


def _align(hypothesis: Hypothesis) -> AlignedHypothesis:
    attention = hypothesis.attention
    return AlignedHypothesis(
        text=hypothesis.text,
        score=round(hypothesis.score, 4),
        words=hypothesis.text.split(),
        attention=None if attention is None else [_most_attended(weights) for weights in attention],
    )


def _most_attended(weights: npt.NDArray[np.float32]) -> list[tuple[int, float]]:
    """Returns the source words with most attention and their weights, from float32 [source words]."""
    attended = [(int(i), round(float(weights[i]), 4)) for i in np.flatnonzero(weights >= LEAST_ATTENTION)]
    return sorted(attended, key=lambda pair: -pair[1])
