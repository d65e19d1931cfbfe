"""Lines of many callers are translated in few batches, and every caller gets the answers to its own lines."""

import asyncio
import threading

import pytest
from references.scripted_model import ScriptedModel, translation_of

from translator.serving.server.batching import (
    MAX_BATCH_CHARACTERS,
    MAX_BATCH_SIZE,
    MIN_LINE_CHARACTERS,
    OLDEST_EVERY,
    Batcher,
    ServerBusyError,
)
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

    def call(calls, max_waiting=100_000):
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


def test_what_one_caller_wants_is_computed_for_its_own_lines_only(run):
    calls = [
        (["a"], RequestOptions()),
        (["b"], RequestOptions(n_best=True)),
        (["c"], RequestOptions(attention=True)),
        (["d"], RequestOptions()),
    ]
    results, batches = run(calls)
    assert texts(results) == [["A"], ["B"], ["C"], ["D"]]
    assert sorted(batches) == [
        (["a", "d"], RequestOptions()),
        (["b"], RequestOptions(n_best=True)),
        (["c"], RequestOptions(attention=True)),
    ]
    assert [len(lines[0]) for lines in results] == [1, 5, 1, 1]
    assert [lines[0][0].attention is None for lines in results] == [True, True, False, True]


def test_no_batch_holds_more_text_than_one_takes(run):
    lines = ["x" * (MAX_BATCH_CHARACTERS // 4)] * 9 + ["y" * (2 * MAX_BATCH_CHARACTERS)]
    _, batches = run([(lines, RequestOptions())])
    assert [len(lines) for lines, _ in batches] == [4, 4, 1, 1]


def test_a_short_request_overtakes_the_long_ones(run):
    """It waits for one batch of theirs at most, besides the one in hand, however many there are."""
    long = (["x" * (MAX_BATCH_CHARACTERS // 2)] * 3, RequestOptions())
    results, batches = run([*[long] * 5, (["short"], RequestOptions())])
    assert any("short" in lines for lines, _ in batches[:2])
    assert texts(results)[-1] == ["SHORT"]


def test_a_long_request_is_not_translated_in_a_batch_of_short_ones(run):
    calls = [(["x" * 2000], RequestOptions()), (["a"], RequestOptions()), (["b"], RequestOptions())]
    assert [lines for lines, _ in run(calls)[1]] == [["a", "b"], ["x" * 2000]]


def test_short_requests_never_starve_a_long_one(model):
    """Every third batch is for the request that has waited longest, whatever else arrives."""

    async def first_batch_of_the_long_one():
        batcher = Batcher(model, 10**6)
        batcher.start()
        model.may_go_on.clear()
        tasks = [asyncio.create_task(batcher.translate(["first"], RequestOptions()))]
        await asyncio.sleep(0)
        for line in ["x" * MAX_BATCH_CHARACTERS] + ["short"] * (10 * MAX_BATCH_SIZE):
            tasks.append(asyncio.create_task(batcher.translate([line], RequestOptions())))
        await asyncio.sleep(0)
        model.may_go_on.set()
        await asyncio.gather(*tasks)
        batcher.close()
        return next(i for i, (lines, _) in enumerate(model.batches) if lines[0].startswith("x"))

    assert asyncio.run(first_batch_of_the_long_one()) <= OLDEST_EVERY


@pytest.mark.parametrize("rare", [RequestOptions(n_best=True), RequestOptions(attention=True)])
def test_a_rare_wish_does_not_wait_for_all_that_others_want(run, rare):
    plain = (["x" * 30] * MAX_BATCH_SIZE, RequestOptions())
    _, batches = run([*[plain] * 10, (["y" * 40], rare)])
    assert any(options == rare for _, options in batches[:2])


def test_nothing_to_translate_needs_no_batch(run):
    assert run([([], RequestOptions())]) == ([[]], [])


def test_requests_beyond_the_waiting_limit_are_refused_and_the_others_answered(run):
    plain = RequestOptions()
    calls = [(["a", "b" * 60], plain), (["c"], plain), (["d" * 21], plain), (["e"], plain)]
    results, _ = run(calls, max_waiting=60 + 3 * MIN_LINE_CHARACTERS)
    assert texts([results[0], results[1], results[3]]) == [["A", "B" * 60], ["C"], ["E"]]
    assert isinstance(results[2], ServerBusyError)


def test_the_text_that_waits_is_bounded_and_not_only_its_lines(run):
    results, _ = run([(["x" * 5000], RequestOptions())] * 1000)
    assert sum(isinstance(result, ServerBusyError) for result in results) == 980


def test_a_single_request_may_exceed_the_waiting_limit(run):
    """Otherwise it would always be refused, even by an idle server."""
    lines = [str(i) for i in range(10)]
    assert texts(run([(lines, RequestOptions())], max_waiting=3)[0]) == [lines]


def test_lines_of_a_caller_that_has_left_do_not_count_as_waiting(model):
    async def left():
        batcher = Batcher(model, 100)
        batcher.start()
        model.may_go_on.clear()
        tasks = [
            asyncio.create_task(batcher.translate([line], RequestOptions())) for line in ("a", "b" * 100)
        ]
        while not model.batches:
            await asyncio.sleep(0.001)
        tasks[1].cancel()
        await asyncio.sleep(0)
        tasks.append(asyncio.create_task(batcher.translate(["c" * 100], RequestOptions())))
        await asyncio.sleep(0)
        model.may_go_on.set()
        found = await asyncio.gather(tasks[0], tasks[2])
        batcher.close()
        return found

    assert texts(asyncio.run(left())) == [["A"], ["C" * 100]]


def test_an_error_reaches_only_the_callers_of_its_batch(run, model):
    model.error = "bad"
    lines = ["a"] * (MAX_BATCH_SIZE // 2)
    results, _ = run(
        [(["bad"], RequestOptions()), (lines, RequestOptions()), (["b"], RequestOptions(n_best=True))]
    )
    assert [type(result) for result in results[:2]] == [RuntimeError, RuntimeError]
    assert texts(results[2:]) == [["B"]]


def test_errors_in_two_batches_of_one_request_are_raised_once(run, model):
    model.error = "bad"
    lines = ["bad"] * (2 * MAX_BATCH_SIZE)
    results, _ = run([(lines, RequestOptions()), (["a"], RequestOptions(n_best=True))])
    assert isinstance(results[0], RuntimeError)
    assert texts(results[1:]) == [["A"]]


def test_lines_of_cancelled_requests_are_not_translated(model):
    async def cancelled():
        batcher = Batcher(model, 100)
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


def test_closing_refuses_what_waits_and_does_not_wait_for_the_batch_in_hand(model):
    async def closed():
        batcher = Batcher(model, 100)
        batcher.start()
        model.may_go_on.clear()
        first = asyncio.create_task(batcher.translate(["a"], RequestOptions()))
        while not model.batches:
            await asyncio.sleep(0.001)
        second = asyncio.create_task(batcher.translate(["b"], RequestOptions()))
        await asyncio.sleep(0)
        batcher.close()
        assert not batcher.has_ended()
        for late in (second, batcher.translate(["c"], RequestOptions())):
            with pytest.raises(ServerBusyError):
                await late
        model.may_go_on.set()
        found = [await first]
        assert batcher.has_ended(30)
        batcher.start()
        return [*found, await batcher.translate(["d"], RequestOptions())]

    assert texts(asyncio.run(closed())) == [["A"], ["D"]]


def test_a_request_that_takes_too_long_is_given_up(connect):
    model = ScriptedModel()
    client = connect({("de", "en"): model}, Limits(timeout=0.1))
    request = {"q": "ein hund", "source": "de", "target": "en"}
    model.may_go_on.clear()
    for path in ("/translate", "/attention"):
        answer = client.post(path, json=request)
        assert answer.status_code == 503
        assert answer.json()["error"].startswith("the text was not translated in time")
    model.may_go_on.set()
    while (answer := client.post("/translate", json=request)).status_code == 503:
        pass
    assert answer.status_code == 200
    # Nobody waited for the second request any longer, so it was not translated.
    assert all(not options.attention for _, options in model.batches)


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
