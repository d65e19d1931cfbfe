"""Names and addresses that the user gives are understood in every form in which they are written."""

import pytest

from translator.errors import ConfigError
from translator.serving.server.languages import english_name, find_served
from translator.serving.server.names import host_name, origin, proxy


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("translate.example", "translate.example"),
        ("Translate.Example:8443", "translate.example"),
        ("https://translate.example/", "translate.example"),
        ("[::1]:5000", "[::1]"),
        ("192.0.2.1", "192.0.2.1"),
        ("*", "*"),
    ],
)
def test_a_host_name_is_that_of_the_host_header(argument, expected):
    assert host_name(argument) == expected


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("https://other.example", "https://other.example"),
        ("https://other.example/", "https://other.example"),
        ("HTTPS://Other.Example:443/", "https://other.example"),
        ("http://other.example:80", "http://other.example"),
        ("http://localhost:3000/", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("null", "null"),
        ("*", "*"),
    ],
)
def test_an_origin_is_what_browsers_send(argument, expected):
    assert origin(argument) == expected


@pytest.mark.parametrize(
    ("argument", "expected"),
    [("127.0.0.1", "127.0.0.1/32"), ("10.1.2.3/8", "10.0.0.0/8"), ("::1", "::1/128")],
)
def test_a_proxy_is_an_address_or_a_network(argument, expected):
    assert proxy(argument) == expected


@pytest.mark.parametrize(
    ("function", "argument", "message"),
    [
        (host_name, "", "--allow-host : not a host name such as translate.example"),
        (host_name, "translate.example/path", "--allow-host translate.example/path: not a host name"),
        (host_name, "http://[", r"--allow-host http://\[: not a host name"),
        (
            origin,
            "other.example",
            "--allow-origin other.example: not an origin such as https://other.example",
        ),
        (origin, "https://other.example/page", "--allow-origin https://other.example/page: not an origin"),
        (origin, "https://other.example:port", "not an origin"),
        (proxy, "proxy.example", "--trust-proxy proxy.example: not an IP address such as 127.0.0.1"),
        (proxy, "*", "not an IP address"),
    ],
)
def test_what_is_no_name_is_refused(function, argument, message):
    with pytest.raises(ConfigError, match=message):
        function(argument)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("en-US", "en"),
        ("de_DE", "de"),
        ("de-Latn-AT", "de"),
        ("pt", "pt-BR"),
        ("PT_br", "pt-BR"),
        ("pt-PT", None),
        ("zh", None),  # two are served
        ("zh-hans-CN", "zh-Hans"),
        ("eng", None),
        ("", None),
    ],
)
def test_a_code_means_the_served_language_that_it_begins_with(code, expected):
    assert find_served(code, {"en", "de", "pt-BR", "zh-Hans", "zh-Hant"}) == expected


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("de", "German"),
        ("pt-BR", "Portuguese (BR)"),
        ("zh-Hant", "Chinese (traditional)"),
        ("yue", "Cantonese"),
        ("toy", "toy"),
    ],
)
def test_languages_have_english_names(code, name):
    assert english_name(code) == name
