"""LibreTranslate's own client for Python works with this server."""

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
        {"code": "de", "name": "de", "targets": ["en"]},
        {"code": "en", "name": "en", "targets": []},
    ]
    assert client.translate("ein hund & eine katze\nä = ü", "de", "en") == "KATZE EINE & HUND EIN\nÜ = Ä"
    assert client.translate("ja", "auto", "en") == "JA"


def test_errors_reach_the_client(address):
    client = LibreTranslateAPI(address)
    with pytest.raises(urllib.error.HTTPError) as refused:
        client.translate("ein hund", "de", "fr")
    with refused.value as answer:
        assert (answer.code, json.load(answer)) == (400, {"error": "fr is not supported"})
