"""LibreTranslate's own client for Python works with this server."""

import inspect
import json
import urllib.error
import urllib.request

import pytest
from libretranslatepy import LibreTranslateAPI

from translator.serving.server.app import create_app


@pytest.fixture
def address(model, running):
    with running(create_app({("de", "en"): model})) as address:
        yield address


def test_calls_of_the_client_are_answered(address):
    client = LibreTranslateAPI(address, api_key="any")
    assert client.languages() == [
        {"code": "de", "name": "German", "targets": ["en"]},
        {"code": "en", "name": "English", "targets": []},
    ]
    assert client.detect("ein hund") == [{"language": "de", "confidence": 0}]
    assert client.translate("ein hund & eine katze\nä = ü", "de", "en") == "KATZE EINE & HUND EIN\nÜ = Ä"
    assert client.translate("ja", "auto", "en") == "JA"
    assert client.translate("ja", "de-DE", "en-US", timeout=60) == "JA"
    assert client.translate("ja", "en", "en") == "ja"


def test_no_method_of_the_client_is_left_out():
    methods = {name for name, value in vars(LibreTranslateAPI).items() if inspect.isfunction(value)}
    assert methods == {"__init__", "translate", "detect", "languages"}


def test_errors_reach_the_client(address):
    client = LibreTranslateAPI(address)
    with pytest.raises(urllib.error.HTTPError) as refused:
        client.translate("ein hund", "de", "fr")
    with refused.value as answer:
        assert (answer.code, json.load(answer)) == (400, {"error": "fr is not supported"})
