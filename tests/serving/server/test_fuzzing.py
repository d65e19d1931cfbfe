"""The server answers every request, however malformed, and never with an internal error."""

from collections import Counter
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from references.scripted_model import ScriptedModel
from schemathesis import GenerationMode, checks
from starlette.testclient import TestClient

from translator.serving.server.app import create_app
from translator.serving.server.limits import Limits

KINDS = [
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain",
    "x",
]
quick = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def schema():
    model = ScriptedModel()
    app = create_app({("de", "en"): model, ("en", "de"): model}, Limits(max_characters=200))
    return schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.parametrize("path", ["/translate", "/attention"])
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_valid_and_invalid_bodies_get_the_described_answers(schema, path, mode):
    statuses = Counter()

    @given(case=schema[path]["POST"].as_strategy(generation_mode=mode))
    @quick
    def call(case):
        answer = case.call()
        statuses[answer.status_code] += 1
        case.validate_response(
            answer,
            checks=[
                checks.not_a_server_error,
                checks.response_schema_conformance,
                checks.status_code_conformance,
            ],
        )

    call()
    assert statuses[200 if mode is GenerationMode.POSITIVE else 400] > 10


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_of_any_bytes_is_refused(client, kind):
    @given(st.binary(max_size=300) | st.text("{}[]\"',:q&=%--x\r\n\\u0d8", max_size=60).map(str.encode))
    @quick
    def call(body):
        answer = client.post("/translate", content=body, headers={"Content-Type": kind})
        assert answer.status_code == 400
        assert list(answer.json()) == ["error"]

    call()


@given(method=st.sampled_from(["GET", "PUT", "DELETE", "OPTIONS", "HEAD"]), path=st.text(max_size=20))
@quick
def test_any_path_is_answered(method, path):
    client = TestClient(create_app({}), raise_server_exceptions=False)
    assert client.request(method, f"/{quote(path, errors='replace')}").status_code < 500
