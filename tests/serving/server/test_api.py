"""LibreTranslate's API: requests, answers and error messages."""

import json

import pytest
from references.scripted_model import ScriptedModel

from translator.serving.server.limits import Limits
from translator.serving.server.models import RequestOptions

REQUEST = {"q": "ein hund", "source": "de", "target": "en"}


@pytest.fixture
def several(connect, model):
    """A server with several language pairs."""
    return connect({("de", "en"): model, ("en", "de"): model, ("fr", "en"): model})


def test_a_text_is_translated(client):
    answer = client.post("/translate", json=REQUEST)
    assert answer.status_code == 200
    assert answer.json() == {"translatedText": "HUND EIN"}


@pytest.mark.parametrize(
    "options", [{}, {"files": [("other", ("x.txt", b"x"))]}], ids=["urlencoded", "multipart"]
)
def test_a_form_is_accepted(client, options):
    answer = client.post("/translate", data=REQUEST | {"format": "", "alternatives": "1"}, **options)
    assert answer.json() == {"translatedText": "HUND EIN", "alternatives": ["HUND EIN 1"]}


FORM = {"content-type": "application/x-www-form-urlencoded"}


def test_letters_in_a_form_may_be_escaped_or_not(client):
    for text in ("Männer “spielen” 足球", "M%C3%A4nner+%E2%80%9Cspielen%E2%80%9D+%E8%B6%B3%E7%90%83"):
        body = f"q={text}&source=de&target=en".encode()  # as curl -d sends it
        answer = client.post("/translate", content=body, headers=FORM)
        assert answer.json() == {"translatedText": "足球 “SPIELEN” MÄNNER"}
    for body in (b"q=M\xe4nner&source=de&target=en", b"q=M%E4nner&source=de&target=en"):
        answer = client.post("/translate", content=body, headers=FORM)
        assert answer.status_code == 400
        assert answer.json() == {"error": "Invalid request: the form is not in UTF-8"}


def test_several_texts_are_translated_in_json_and_in_a_form(client):
    expected = {"translatedText": ["B A", "", " C "], "alternatives": [["B A 1"], [], [" C 1 "]]}
    texts = REQUEST | {"q": ["a b", "", " c "], "alternatives": 1}
    assert client.post("/translate", json=texts).json() == expected
    assert client.post("/translate", data=texts).json() == expected


def test_lines_blank_lines_and_spaces_are_kept(client, model):
    answer = client.post("/translate", json=REQUEST | {"q": " a b\r\n\n  \n\tc\n"})
    assert answer.json()["translatedText"] == " B A\r\n\n  \n\tC\n"
    assert [lines for lines, _ in model.batches] == [["a b", "c"]]  # a blank line costs nothing


def test_alternatives_of_several_lines_are_combined_by_rank(client):
    answer = client.post("/translate", json=REQUEST | {"q": "a\n\nb", "alternatives": 2}).json()
    assert answer == {"translatedText": "A\n\nB", "alternatives": ["A 1\n\nB 1", "A 2\n\nB 2"]}


def test_there_are_at_most_as_many_alternatives_as_hypotheses(client):
    assert len(client.post("/translate", json=REQUEST | {"alternatives": 99}).json()["alternatives"]) == 4


def test_alternatives_are_computed_only_if_requested(client, model):
    for wanted in (None, 0, 1):
        client.post("/translate", json=REQUEST | {"alternatives": wanted})
    assert [options for _, options in model.batches] == [
        RequestOptions(),
        RequestOptions(),
        RequestOptions(n_best=True),
    ]


def test_html_keeps_its_tags(client):
    answer = client.post(
        "/translate", json=REQUEST | {"q": "<p>a &lt; b</p>", "format": "html", "alternatives": 1}
    )
    assert answer.json() == {"translatedText": "<p>B &lt; A</p>", "alternatives": []}


def test_auto_stands_for_the_only_source_language_of_a_target(client, several):
    assert client.post("/translate", json=REQUEST | {"source": "auto"}).json() == {
        "translatedText": "HUND EIN",
        "detectedLanguage": {"language": "de", "confidence": 0},
    }
    two = several.post("/translate", json={"q": ["a", "b"], "source": "auto", "target": "de"}).json()
    assert two["detectedLanguage"] == [{"language": "en", "confidence": 0}] * 2
    refused = several.post("/translate", json=REQUEST | {"source": "auto"})
    assert refused.status_code == 400
    assert refused.json() == {"error": "languages are not detected; give one of these as source: de, fr"}


def test_languages_are_listed_with_their_english_names_and_their_targets(several):
    assert several.get("/languages").json() == [
        {"code": "de", "name": "German", "targets": ["en"]},
        {"code": "en", "name": "English", "targets": ["de"]},
        {"code": "fr", "name": "French", "targets": ["en"]},
    ]


def test_the_detected_language_is_the_only_one_that_can_be_translated(client, several):
    for body in ({"json": {"q": "ein hund"}}, {"data": {"q": "ein hund", "api_key": "any"}}):
        assert client.post("/detect", **body).json() == [{"language": "de", "confidence": 0}]
    refused = several.post("/detect", json={"q": "ein hund"})
    assert refused.status_code == 400
    assert refused.json() == {"error": "languages are not detected; give one of these as source: de, en, fr"}
    assert client.post("/detect", json={}).json() == {"error": "Invalid request: missing q parameter"}


def test_the_settings_of_the_frontend_name_the_first_languages_and_the_limit(client):
    settings = client.get("/frontend/settings").json()
    assert settings["charLimit"] == 5000
    assert settings["language"] == {
        "source": {"code": "de", "name": "German"},
        "target": {"code": "en", "name": "English"},
    }
    assert settings["keyRequired"] is settings["apiKeys"] is settings["suggestions"] is False


def test_arguments_in_the_address_are_fields_too(client):
    expected = {"translatedText": "HUND EIN"}
    assert client.post("/translate", params=REQUEST).json() == expected
    languages = {"source": "de", "target": "en"}
    assert client.post("/translate", params=languages, data={"q": "ein hund"}).json() == expected
    several = client.post("/translate", params=languages | {"q": ["a b", "c"]}).json()
    assert several == {"translatedText": ["B A", "C"]}
    refused = client.post("/translate?q=M%E4nner&source=de&target=en")
    assert refused.json() == {"error": "Invalid request: the form is not in UTF-8"}


@pytest.mark.parametrize("format", ["text", "html"])
def test_a_text_in_the_target_language_already_is_returned_as_it_is(several, model, format):
    text = " <p>a  b &eacute;</p>\n\nc"
    same = {"q": [text, text], "source": "de", "target": "de", "format": format}
    assert several.post("/translate", json=same).json() == {"translatedText": [text, text]}
    answer = several.post("/translate", json=same | {"q": text, "target": "de-AT", "alternatives": 2}).json()
    assert answer == {"translatedText": text, "alternatives": []}
    assert several.post("/translate", json=same | {"target": "fr", "source": "FR"}).status_code == 200
    aligned = several.post("/attention", json={"q": "a\n\nb", "source": "de", "target": "de"}).json()
    assert [[one["text"] for one in line["hypotheses"]] for line in aligned["lines"]] == [["a"], [], ["b"]]
    assert model.batches == []


@pytest.mark.parametrize(("source", "target"), [("DE", "EN"), ("de-DE", "en-US"), ("de_AT", "en_gb")])
def test_codes_of_languages_may_be_written_in_other_ways(client, source, target):
    answer = client.post("/translate", json=REQUEST | {"source": source, "target": target})
    assert answer.json() == {"translatedText": "HUND EIN"}


@pytest.mark.parametrize("key", [5, 1.5, "any", None, ""])
def test_a_key_may_be_anything(client, key):
    assert client.post("/translate", json=REQUEST | {"api_key": key}).status_code == 200


def test_each_language_pair_uses_its_own_model(connect):
    first, second = ScriptedModel(), ScriptedModel()
    client = connect({("de", "en"): first, ("en", "de"): second})
    client.post("/translate", json=REQUEST)
    assert (len(first.batches), len(second.batches)) == (1, 0)


def test_health_is_reported(client):
    assert client.get("/health").json() == {"status": "ok"}
    assert client.post("/health").status_code == 405


def test_attention_is_returned_for_each_line(client):
    answer = client.post("/attention", json=REQUEST | {"q": "ein hund\n\n ja ", "alternatives": 1}).json()
    first, blank, last = answer["lines"]
    assert first["source_words"] == ["ein", "hund"]
    assert first["hypotheses"] == [
        {
            "text": "HUND EIN",
            "score": -0.5,
            "words": ["HUND", "EIN"],
            "attention": [[[1, 0.75], [0, 0.05]], [[0, 0.75], [1, 0.05]]],
        },
        {"text": "HUND EIN 1", "score": -1.5, "words": ["HUND", "EIN", "1"], "attention": None},
    ]
    assert blank == {"source_words": [], "hypotheses": []}
    assert last["hypotheses"][0]["attention"] == [[[0, 0.75]]]
    only = client.post("/attention", json=REQUEST).json()
    assert len(only["lines"][0]["hypotheses"]) == 1


def test_small_attention_weights_are_omitted(client):
    """Otherwise the answer would grow with the square of the length of a line."""
    answer = client.post("/attention", json=REQUEST | {"q": "wort " * 50}).json()
    assert answer["lines"][0]["hypotheses"][0]["attention"] == [[[49 - i, 0.75]] for i in range(50)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"q": None}, "Invalid request: q parameter: Input should be a valid string"),
        ({"q": ""}, "Invalid request: missing q parameter"),
        ({"q": []}, "Invalid request: missing q parameter"),
        ({"q": [""]}, "Invalid request: missing q parameter"),
        ({"q": 5}, "Invalid request: q parameter: Input should be a valid string"),
        ({"source": ""}, "Invalid request: missing source parameter"),
        ({"source": "zz"}, "zz is not supported"),
        ({"target": "zz"}, "zz is not supported"),
        ({"target": "fr"}, "fr is not available as a target language from de"),
        ({"target": "fr", "source": "auto"}, "fr is not available as a target language"),
        ({"format": "xml"}, "Invalid request: format parameter: Input should be 'text' or 'html'"),
        (
            {"alternatives": -1},
            "Invalid request: alternatives parameter: Input should be greater than or equal to 0",
        ),
        (
            {"alternatives": "many"},
            "Invalid request: alternatives parameter: Input should be a valid integer",
        ),
    ],
)
def test_an_invalid_request_gets_an_error_of_one_line(several, changes, message):
    answer = several.post("/translate", json=REQUEST | changes)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(message)
    assert list(answer.json()) == ["error"]


@pytest.mark.parametrize("name", ["q", "source", "target"])
@pytest.mark.parametrize("path", ["/translate", "/attention"])
@pytest.mark.parametrize("form", ["json", "data"])
def test_a_missing_parameter_is_named(client, name, path, form):
    answer = client.post(path, **{form: {key: value for key, value in REQUEST.items() if key != name}})
    assert answer.status_code == 400
    assert answer.json() == {"error": f"Invalid request: missing {name} parameter"}


BROKEN = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'{"q": "\\ud800", "source": "de", "target": "en"}',
    b"\xff",
    b"[" * 5000,
]


@pytest.mark.parametrize("body", BROKEN)
@pytest.mark.parametrize("path", ["/translate", "/attention"])
def test_an_invalid_body_is_refused(client, path, body):
    answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("Invalid request: ")


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=x"])
def test_an_invalid_form_is_refused(client, kind):
    answer = client.post("/translate", content=b"--x\r\nno form", headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]


def test_texts_over_the_limit_are_refused(connect, model):
    client = connect({("de", "en"): model}, Limits(max_characters=6))
    for path in ("/translate", "/attention", "/detect"):
        assert client.post(path, json=REQUEST | {"q": "a\u0301b\U0001f600cd"}).status_code == 200
        answer = client.post(path, json=REQUEST | {"q": "abcdefg"})
        assert answer.status_code == 400
        assert answer.json() == {"error": "Invalid request: request (7) exceeds text limit (6)"}
    assert client.post("/translate", json=REQUEST | {"q": ["abcd", "efg"]}).status_code == 400


def test_an_unknown_path_gets_status_404(client):
    answer = client.get("/suggest")
    assert (answer.status_code, answer.json()) == (404, {"error": "Not Found"})


def test_a_failing_model_does_not_stop_the_server(client, model):
    model.error = "ein hund"
    answer = client.post("/translate", json=REQUEST)
    assert answer.status_code == 500
    assert answer.json()["error"].startswith("Cannot translate text: the model failed; the log")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert client.post("/translate", json=REQUEST | {"q": "a"}).status_code == 200


def test_the_openapi_description_covers_every_call(client):
    description = client.get("/openapi.json").json()
    assert set(description["paths"]) == {
        "/translate",
        "/attention",
        "/detect",
        "/languages",
        "/frontend/settings",
        "/health",
    }
    called = description["paths"]["/translate"]["post"]
    assert set(called["requestBody"]["content"]) == {
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    }
    assert {"200", "400", "403", "413", "429"} <= set(called["responses"])
    assert "422" not in json.dumps(description)
