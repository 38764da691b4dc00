"""Signals that ask a process to stop."""

from __future__ import annotations

import signal
import threading

import pytest

from newsroom.interrupts import stop_on_signal


class TestStopOnSignal:
    def test_first_signal_sets_the_event(self) -> None:
        with stop_on_signal() as stopping:
            assert not stopping.is_set()
            signal.raise_signal(signal.SIGINT)
            assert stopping.is_set()

    def test_second_signal_interrupts(self) -> None:
        with stop_on_signal():
            signal.raise_signal(signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)

    @pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_remembers_the_signal(self, number: int, status: int) -> None:
        with stop_on_signal() as stopping:
            assert stopping.status == 0
            signal.raise_signal(number)
            with pytest.raises(BaseException) as ended:  # noqa: PT011 - one of two
                signal.raise_signal(number)
        assert stopping.status == status
        if number == signal.SIGTERM:
            assert isinstance(ended.value, SystemExit)
            assert ended.value.code == status

    def test_patient_ignores_further_signals(self) -> None:
        with stop_on_signal(signal.SIGINT, signal.SIGTERM, is_patient=True) as stopping:
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
        assert stopping.is_set()

    def test_restores_the_handlers(self) -> None:
        before = [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)]
        with stop_on_signal(signal.SIGINT, signal.SIGTERM):
            assert signal.getsignal(signal.SIGINT) is not before[0]
        assert [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)] == before

    def test_the_event_is_never_set_in_other_threads(self) -> None:
        found = []

        def run() -> None:
            with stop_on_signal() as stopping:
                found.append(stopping.is_set())

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        assert found == [False]
