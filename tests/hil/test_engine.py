import os
import threading

import pytest

from hil.engine import Engine, EngineError


@pytest.fixture
def engine():
    made = Engine("test", lambda: None)
    made.start()
    yield made
    made.close()


def test_a_call_runs_in_the_engines_thread_and_gives_its_result(engine):
    assert engine.call(lambda: threading.current_thread().name) == "test"


def test_an_exception_of_a_call_belongs_to_the_caller_only(engine):
    with pytest.raises(ZeroDivisionError):
        engine.call(lambda: 1 // 0)
    assert engine.call(lambda: 1) == 1


def test_a_call_may_call_again(engine):
    assert engine.call(lambda: engine.call(lambda: 2)) == 2


def test_a_watched_file_wakes_the_engine(engine):
    read_end, write_end = os.pipe()
    arrived = threading.Event()
    data = []

    def handler():
        data.append(os.read(read_end, 10))
        arrived.set()

    engine.call(lambda: engine.watch(read_end, handler))
    os.write(write_end, b"knock")
    assert arrived.wait(10)
    assert data == [b"knock"]
    engine.call(lambda: engine.forget(read_end))
    os.close(read_end)
    os.close(write_end)


def test_a_file_forgotten_by_another_files_handler_is_left_alone(engine):
    """A process that ends makes both of its sockets readable; one handler may close the other."""
    pipes = [os.pipe(), os.pipe()]
    called = []
    fresh_pipe = os.pipe()
    forgotten = threading.Event()

    def forget_both():
        called.append("old")
        for read_end, _ in pipes:
            engine.forget(read_end)
        # The next file may get the number of one that was just closed.
        os.dup2(fresh_pipe[0], pipes[0][0])
        os.dup2(fresh_pipe[0], pipes[1][0])
        engine.watch(pipes[0][0], lambda: called.append("unready"))
        engine.watch(pipes[1][0], lambda: called.append("unready"))
        forgotten.set()

    def make_both_ready():  # in the engine's thread: its next look finds both
        for read_end, write_end in pipes:
            engine.watch(read_end, forget_both)
            os.write(write_end, b"x")

    engine.call(make_both_ready)
    assert forgotten.wait(10)
    engine.call(lambda: None)  # the look that found them is over
    assert called == ["old"]
    for end in (*pipes[0], *pipes[1], *fresh_pipe):
        os.close(end)


def test_steps_follow_each_other_as_they_ask():
    enough = threading.Event()
    waits = iter([0, 0.001, 0, None])

    def step():
        wait = next(waits, None)
        if wait is None:
            enough.set()
        return wait

    engine = Engine("test", step)
    engine.start()
    assert enough.wait(10)
    engine.close()


def test_a_broken_model_surfaces_in_every_call_and_at_the_end():
    broken = threading.Event()

    def step():
        if broken.is_set():
            raise LookupError("a model broke")

    engine = Engine("test", step)
    engine.start()
    engine.call(broken.set)

    def call_until_it_is_noticed():
        while True:
            engine.call(lambda: None)

    with pytest.raises(EngineError, match="a model broke") as caught:
        call_until_it_is_noticed()
    assert isinstance(caught.value.__cause__, LookupError)
    with pytest.raises(EngineError, match="a model broke"):
        engine.close()


def test_nobody_waits_for_a_closed_engine():
    engine = Engine("test", lambda: None)
    engine.start()
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        engine.call(lambda: None)
    assert not any(thread.name == "test" for thread in threading.enumerate())
