"""Work spread over processes."""

import signal

import pytest

from edge.bench.spread import ReaderDied, spread, told


def test_what_comes_back_stands_in_the_order_of_the_jobs() -> None:
    assert spread(abs, [-3, 1, -2], "numbers") == [3, 1, 2]


def test_a_process_that_dies_is_said_and_not_a_stack_of_calls() -> None:
    with pytest.raises(ReaderDied, match="1 pictures"):
        spread(signal.raise_signal, [signal.SIGKILL], "pictures")


def test_no_word_is_said_of_what_is_soon_over(capfd: pytest.CaptureFixture[str]) -> None:
    assert list(told(iter([1, 2]), 2, "numbers")) == [1, 2]
    assert capfd.readouterr().err == ""


def test_on_a_terminal_the_count_is_said_and_wiped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert list(told(iter([1, 2]), 2, "numbers")) == [1, 2]
    assert capsys.readouterr().err == "\rnumbers: 1 of 2\rnumbers: 2 of 2\r\x1b[K"
