"""The parts of pykka's behaviour that the kernel relies on, and the parts of it that stay usable."""

from __future__ import annotations

import queue
import threading
from importlib.metadata import version

import pykka
import pytest
from pykka import ActorRegistry, ThreadingActor, ThreadingFuture, messages
from pykka._envelope import Envelope

from runtime.registry import RefSet, make_linear
from tests.runtime.kit import LIMIT, Add, Boom, Kernel, Raise, Say, Script, Scripted, until


def test_the_major_version_is_the_one_this_was_written_for() -> None:
    assert version("pykka").split(".")[0] == "4"


@pytest.mark.parametrize(
    "name",
    [
        "_create_actor_inbox",
        "_create_future",
        "_start_actor_loop",
        "_handle_receive",
        "_stop",
        "on_start",
        "on_stop",
        "on_failure",
        "on_receive",
    ],
)
def test_the_names_the_kernel_overrides_or_calls_exist_on_actor(name: str) -> None:
    assert callable(getattr(pykka.Actor, name))


def test_a_new_actor_has_an_inbox_a_stop_flag_an_urn_and_a_ref(kernel: Kernel) -> None:
    actor = Scripted("x", kernel.journal, Script())
    assert isinstance(actor.actor_stopped, threading.Event)
    assert actor.actor_urn.startswith("urn:uuid:")
    assert actor.actor_ref.actor_inbox is actor.actor_inbox


def test_an_envelope_has_a_message_and_a_reply_future() -> None:
    assert Envelope.__slots__ == ["message", "reply_to"]
    assert isinstance(messages._ActorStop(), tuple)


def test_a_future_takes_one_answer_and_refuses_the_second_with_full() -> None:
    future: ThreadingFuture[int] = ThreadingFuture()
    future.set(1)
    with pytest.raises(queue.Full):
        future.set(2)
    assert future.get(timeout=LIMIT) == 1
    with pytest.raises(pykka.Timeout):
        ThreadingFuture[int]().get(timeout=0.001)


def test_refs_of_supervised_actors_tell_ask_and_proxy(kernel: Kernel) -> None:
    kernel.start(kernel.children("a"))
    ref = kernel.scripts["a"].actors[0].actor_ref
    ref.tell(Say("by ref"))
    assert ref.ask(Add(2), timeout=LIMIT) == 2
    assert ref.ask(Add(2), block=False).get(timeout=LIMIT) == 4
    proxy = ref.proxy()
    assert proxy.total.get(timeout=LIMIT) == 4
    proxy.total = 10
    assert ref.ask(Add(1), timeout=LIMIT) == 11
    assert kernel.journal.starting("a heard") == ["a heard by ref"]


def test_a_ref_is_the_incarnation_it_was_made_for(kernel: Kernel) -> None:
    kernel.start(kernel.children("a"))
    ref = kernel.scripts["a"].actors[0].actor_ref
    kernel["a"].tell(Raise(Boom()))
    kernel.settle()
    assert not ref.is_alive()
    with pytest.raises(pykka.ActorDeadError):
        ref.tell(Say("dead"))
    assert kernel.scripts["a"].actors[1].actor_ref.is_alive()


def test_a_ref_stops_its_actor_and_says_whether_it_was_alive(kernel: Kernel) -> None:
    kernel.start(kernel.children("a"))
    ref = kernel.scripts["a"].actors[0].actor_ref
    assert ref.stop(timeout=LIMIT) is True
    assert ref.stop(timeout=LIMIT) is False
    assert kernel.journal.lines[:2] == ["start a", "stop a"]


def test_the_registry_lists_supervised_and_plain_actors_alike(kernel: Kernel) -> None:
    class Plain(ThreadingActor):
        use_daemon_thread = True

    kernel.start(kernel.children("ab"))
    actor = kernel.scripts["a"].actors[0]
    plain = Plain.start()
    assert actor.actor_ref in ActorRegistry.get_by_class(Scripted)
    assert ActorRegistry.get_by_urn(actor.actor_urn) is actor.actor_ref
    assert plain in ActorRegistry.get_by_class_name("Plain")
    assert plain.stop(timeout=LIMIT)
    kernel.system.stop(2)
    until(lambda: ActorRegistry.get_by_class(Scripted) == [])


def test_the_registry_set_behaves_like_the_list_it_replaces() -> None:
    make_linear()
    make_linear()
    refs = ActorRegistry._actor_refs
    assert isinstance(refs, RefSet)

    class Plain(ThreadingActor):
        use_daemon_thread = True

    before = len(refs)
    started = [Plain.start() for _ in range(3)]
    assert refs[-3:] == started
    assert len(refs) == before + 3
    for ref in started:
        assert ref.stop(timeout=LIMIT)
    assert not any(ref in refs for ref in started)
