"""Lines of many callers are translated in few batches, and every caller gets the answers to its own lines."""

import asyncio
import threading

import pytest
from references.scripted_model import ScriptedModel, translation_of

from translator.serving.server.batching import MAX_BATCH_SIZE, Batcher, ServerBusyError
from translator.serving.server.limits import Limits
from translator.serving.server.models import RequestOptions


async def while_held(model, batcher, calls):
    """Runs calls that all wait while the model translates another line; returns their results and errors."""
    model.may_go_on.clear()
    first = asyncio.create_task(batcher.translate(["first"], RequestOptions()))
    while not model.batches:
        await asyncio.sleep(0.001)
    tasks = [asyncio.create_task(batcher.translate(*call)) for call in calls]
    await asyncio.sleep(0)
    model.may_go_on.set()
    await first
    return await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def run(model):
    """Runs calls at the same time; returns their results and the batches after that of the first line."""

    def call(calls, max_waiting=1000):
        async def all_calls():
            batcher = Batcher(model, max_waiting)
            batcher.start()
            try:
                return await while_held(model, batcher, calls)
            finally:
                batcher.close()

        return asyncio.run(all_calls()), model.batches[1:]

    return call


def texts(results):
    return [[ranked[0].text for ranked in lines] for lines in results]


def test_callers_share_a_batch_and_get_their_own_translations(run):
    calls = [([f"{i} x", f"{i} y"], RequestOptions()) for i in range(20)]
    results, batches = run(calls)
    assert texts(results) == [[translation_of(line) for line in lines] for lines, _ in calls]
    assert [lines for lines, _ in batches] == [[line for lines, _ in calls for line in lines]]


def test_no_batch_exceeds_the_maximum_size(run):
    lines = [str(i) for i in range(2 * MAX_BATCH_SIZE + 1)]
    results, batches = run([(lines, RequestOptions())])
    assert texts(results) == [lines]
    assert [len(lines) for lines, _ in batches] == [MAX_BATCH_SIZE, MAX_BATCH_SIZE, 1]


def test_each_caller_gets_what_it_requested(run):
    calls = [
        (["a"], RequestOptions()),
        (["b"], RequestOptions(n_best=True)),
        (["c"], RequestOptions(attention=True)),
    ]
    results, batches = run(calls)
    assert texts(results) == [["A"], ["B"], ["C"]]
    assert batches == [(["a", "b", "c"], [options for _, options in calls])]
    assert [len(lines[0]) for lines in results] == [1, 5, 1]
    assert [lines[0][0].attention is None for lines in results] == [True, True, False]


def test_nothing_to_translate_needs_no_batch(run):
    assert run([([], RequestOptions())]) == ([[]], [])


def test_requests_beyond_the_waiting_limit_are_refused_and_the_others_answered(run):
    results, _ = run(
        [(["a", "b"], RequestOptions()), (["c"], RequestOptions()), (["d"], RequestOptions())], max_waiting=3
    )
    assert texts(results[:2]) == [["A", "B"], ["C"]]
    assert isinstance(results[2], ServerBusyError)


def test_a_single_request_may_exceed_the_waiting_limit(run):
    """Otherwise it would always be refused, even by an idle server."""
    lines = [str(i) for i in range(10)]
    assert texts(run([(lines, RequestOptions())], max_waiting=3)[0]) == [lines]


def test_an_error_reaches_only_the_callers_of_its_batch(run, model):
    model.error = "bad"
    lines = ["a"] * (MAX_BATCH_SIZE - 1)
    results, _ = run([(["bad"], RequestOptions()), (lines, RequestOptions()), (["b"], RequestOptions())])
    assert [type(result) for result in results[:2]] == [RuntimeError, RuntimeError]
    assert texts(results[2:]) == [["B"]]


def test_errors_in_two_batches_of_one_request_are_raised_once(run, model):
    model.error = "bad"
    lines = ["bad"] * (2 * MAX_BATCH_SIZE)
    results, _ = run([(lines, RequestOptions()), (["a"], RequestOptions())])
    assert isinstance(results[0], RuntimeError)
    assert texts(results[1:]) == [["A"]]


def test_lines_of_cancelled_requests_are_not_translated(model):
    async def cancelled():
        batcher = Batcher(model, 10)
        batcher.start()
        model.may_go_on.clear()
        first = asyncio.create_task(batcher.translate(["first"], RequestOptions()))
        while not model.batches:
            await asyncio.sleep(0.001)
        gone = asyncio.create_task(batcher.translate(["gone"], RequestOptions()))
        stays = asyncio.create_task(batcher.translate(["stays"], RequestOptions()))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        model.may_go_on.set()
        await asyncio.gather(first, stays)
        batcher.close()

    asyncio.run(cancelled())
    assert [lines for lines, _ in model.batches] == [["first"], ["stays"]]


def test_a_closed_batcher_translates_what_waits_and_refuses_more_until_restarted(model):
    async def closed():
        batcher = Batcher(model, 10)
        batcher.start()
        model.may_go_on.clear()
        calls = [asyncio.create_task(batcher.translate([name], RequestOptions())) for name in "ab"]
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.01, model.may_go_on.set)
        await asyncio.to_thread(batcher.close)
        with pytest.raises(ServerBusyError):
            await batcher.translate(["c"], RequestOptions())
        batcher.start()
        return [*await asyncio.gather(*calls), await batcher.translate(["d"], RequestOptions())]

    assert texts(asyncio.run(closed())) == [["A"], ["B"], ["D"]]


def test_a_full_server_says_when_to_try_again(connect):
    """Over HTTP: status 429 with Retry-After, and an answer for every accepted request."""
    model = ScriptedModel()
    client = connect({("de", "en"): model}, Limits(max_waiting=1))
    model.may_go_on.clear()
    statuses = []

    def call():
        answer = client.post("/translate", json={"q": "a", "source": "de", "target": "en"})
        statuses.append((answer.status_code, answer.headers.get("Retry-After")))
        if answer.status_code == 429:
            assert answer.json() == {"error": "Slowdown: too much text waits to be translated"}
            model.may_go_on.set()

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) == {(200, None), (429, "1")}
