import contextlib
import dataclasses
import threading
import time

import pytest
import uvicorn
from references.scripted_model import ScriptedModel
from starlette.testclient import TestClient

from translator.config import CorpusFacts
from translator.model_folder import save_weights, tokenizer_path, weights_path
from translator.serving.export import export
from translator.serving.server.app import create_app
from translator.serving.server.connections import Connection
from translator.training.settings import write_config


@pytest.fixture
def model():
    return ScriptedModel()


@pytest.fixture
def connect():
    """Returns a function that makes a client of an application; arguments as for ``create_app``."""
    with contextlib.ExitStack() as stack:

        def client(models, *arguments, **options):
            app = create_app(models, *arguments, **options)
            return stack.enter_context(TestClient(app, raise_server_exceptions=False))

        yield client


@pytest.fixture
def client(connect, model):
    return connect({("de", "en"): model})


@pytest.fixture
def running():
    """Returns a context manager that runs an application as a server in a thread and yields its address."""

    @contextlib.contextmanager
    def run(app, port=0):
        server = uvicorn.Server(
            uvicorn.Config(app, http=Connection, port=port, log_level="error", access_log=False)
        )
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()

    return run


@pytest.fixture(scope="session")
def model_folder(networks, tokenizer, config, tmp_path_factory):
    """A model folder as training leaves it, German to English, with random weights."""
    folder = tmp_path_factory.mktemp("models") / "de-en"
    folder.mkdir()
    facts = CorpusFacts(num_pairs=10, longest_source=12)
    override = {"source_language": "de", "target_language": "en", "model.units": 8}
    write_config(folder, dataclasses.replace(config.override(override), corpus=facts))
    tokenizer_path(folder).write_bytes(tokenizer.model)
    save_weights(networks[0], weights_path(folder))
    return folder


@pytest.fixture(scope="session")
def exported_folder(model_folder, tmp_path_factory):
    """The same model, exported as a SavedModel."""
    folder = tmp_path_factory.mktemp("exported") / "de-en"
    export(model_folder, folder)
    return folder
