"""Outbox actor: the only sender. The urgent first, paced, one call at a time to a chat, nothing sent blindly twice.

Orders wait in memory (see `queue`), notices in the store (see `mail`): a crash costs no notice. While Telegram is away
nothing is tried but a harmless question, 1 to 60 s apart; presses that come in bring it forward.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import partial
from typing import assert_never

from actors.bot.mail import Mail, Posted
from actors.bot.orders import (
    AnswerPress,
    DeleteMessage,
    DropKeyboard,
    Order,
    PanelLost,
    PanelShown,
    SendFile,
    SendText,
    SetCommands,
    ShowPanel,
)
from actors.bot.outbox_messages import (
    AnswerAgain,
    Answered,
    Dropped,
    Finished,
    Found,
    Look,
    MailCame,
    Message,
    Probe,
    Probed,
    Tick,
    Wake,
)
from actors.bot.pacing import Pacing
from actors.bot.queue import BOT, Queue, Rank, Waiting, chat_of, harmless_twice, to_chat
from actors.bot.reach import Reach
from actors.bot.sending import Sent, perform
from actors.bot.telegram import Telegram
from actors.bot.wire import Refused, RetryAfter, Unauthorized, Unreachable
from runtime.actor import Actor
from runtime.child_spec import ChildSpec
from runtime.errors import JobRejected
from runtime.jobs import Done
from runtime.log import get
from runtime.timers import Timer

log = get("actors.bot.outbox")
LANE = "network"
NOBODY = 1 << 60  # no chat: asked about the limits that hold for all of them
AT_ONCE = 6  # calls to chats; answers to presses come on top, so that they never wait for those
TICK_S = 15.0
LANDING_S = 1.5
ANSWER_S = 15.0  # a press that was not answered by then needs no answer
MAX_ANSWERS = 200
MAX_BLOCKED = 5000
MOST_TRIES = 5  # of an order that may be done twice without harm


class Outbox(Actor[Message]):
    """The only sender of one bot."""

    def __init__(self, telegram: Telegram, mail: Mail | None = None, pacing: Pacing | None = None) -> None:
        super().__init__()
        self._telegram = telegram
        self._mail = mail
        self._pacing = pacing or Pacing()
        self._queue = Queue()
        self._mailboxes: dict[int, Rank] = {}
        self._busy: set[int] = set()
        self._blocked: set[int] = set()
        self._answers: deque[tuple[AnswerPress, float]] = deque(maxlen=MAX_ANSWERS)
        self._timer: Timer | None = None

    def on_start(self) -> None:
        """Whoever was not told yet is told now."""
        self._reach = Reach(self.context, self._telegram, LANE)
        self.context.every(TICK_S, Tick())
        self._find_mail(sweep=True)

    def receive(self, message: Message) -> None:
        """Never waits."""
        match message:
            case AnswerPress():
                self._answer(message, self._now(), 0)
                return  # nothing that waits goes sooner for it
            case ShowPanel() | SendText() | SendFile() | DeleteMessage() | DropKeyboard() | SetCommands():
                self._put(message)
            case Wake(chats, loud):
                self._wake(chats, Rank.LOUD if loud else Rank.RESULT)
            case Finished(chat, waiting, done):
                self._busy.discard(chat)
                self._finished(chat, waiting, done)
            case MailCame(chat, done):
                self._busy.discard(chat)
                self._mail_came(chat, done)
            case Answered():
                self._answered(message)
            case AnswerAgain(order, since, tries):
                self._answer(order, since, tries)
            case Probe():
                self._reach.ask()
            case Probed(done):
                if self._reach.asked(done):
                    self._back()
            case Tick():
                self._find_mail()
            case Found(done):
                self._wake(tuple(done.value or ()), Rank.RESULT)
            case Dropped(chat, done):
                log.info("a chat cannot be reached", chat=chat, given_up=done.value)
            case Look():
                pass
            case _:
                assert_never(message)
        self._pump()

    def on_stop(self) -> None:
        """What is on its way is noted before the store closes, or the next start would have to send it again."""
        if self._mail is not None:
            self._mail.land(LANDING_S)

    # --- what goes next

    def _pump(self) -> None:
        """Begin every call that may begin now, and come back when the next one may."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._reach.away:
            return
        while len(self._busy) < AT_ONCE:
            now = self._now()
            anybody = self._pacing.next_time(NOBODY, now)
            if anybody > now:  # the bot as a whole has to wait: no need to look at the chats
                self._timer = self.context.after(anybody - now, Look())
                return
            free = {chat: urgent for chat, urgent in self._urgency().items() if chat not in self._busy}
            times = {chat: self._pacing.next_time(chat, now) for chat in free}
            ready = [chat for chat, at in times.items() if at <= now]
            if ready:
                self._begin(min(ready, key=lambda chat: free[chat]), now)
                continue
            if times:
                self._timer = self.context.after(max(min(times.values()) - now, 0.001), Look())
            return

    def _urgency(self) -> dict[int, tuple[int, int]]:
        """For each chat with something to send, how urgent the first thing is, and how long it has waited."""
        found = self._queue.urgency()
        for chat, rank in self._mailboxes.items():
            found[chat] = min(found.get(chat, (rank, 0)), (rank, 0))
        return found

    def _begin(self, chat: int, now: float) -> None:
        self._busy.add(chat)
        best, mail = self._queue.best(chat), self._mailboxes.get(chat)
        if best is not None and (mail is None or best.rank < mail):
            self._queue.take(best)
            if not isinstance(best.order, DeleteMessage):  # nothing that Telegram counts
                self._pacing.spend(chat, now)
            self.context.job(LANE, partial(perform, self._telegram, best.order), partial(Finished, chat, best))
        elif self._mail is not None:
            del self._mailboxes[chat]
            self._pacing.spend(chat, now)
            self.context.job(LANE, partial(self._mail.post_next, self._telegram, chat), partial(MailCame, chat))

    def _count(self, chat: int, calls: int) -> None:
        self._reach.works()
        for _ in range(calls - 1):  # the first was paid for when it began
            self._pacing.spend(chat, self._now())

    def _put(self, order: Order) -> None:
        self._blocked.discard(chat_of(order))  # an order follows something that the person did
        gone = self._queue.put(order)
        if gone:
            log.warning("the queue is full: orders were dropped", orders=[type(each).__name__ for each in gone])

    def _wake(self, chats: tuple[int, ...], rank: Rank) -> None:
        for chat in chats:
            if chat in self._blocked and self._mail is not None:
                self.context.job(LANE, partial(self._mail.drop_chat, chat), partial(Dropped, chat))
            elif self._mail is not None:
                self._mailboxes[chat] = min(rank, self._mailboxes.get(chat, rank))

    def _find_mail(self, *, sweep: bool = False) -> None:
        if self._mail is not None and not self._reach.away:
            self.context.job("disk", partial(self._mail.chats_waiting, sweep=sweep), Found)

    # --- what came of it

    def _finished(self, chat: int, waiting: Waiting, done: Done[Sent]) -> None:
        sent, order = done.value, waiting.order
        if sent is None:
            self._failed(chat, waiting, done.error)
            return
        self._count(chat, sent.calls)
        if isinstance(order, ShowPanel) and order.reply_to is not None and sent.message_id is not None:
            order.reply_to.tell(PanelShown(order.chat, sent.message_id, sent.replaced))

    def _mail_came(self, chat: int, done: Done[Posted]) -> None:
        posted = done.value
        if posted is not None:
            if posted.calls:
                self._count(chat, posted.calls)
            if posted.more:
                self._mailboxes.setdefault(chat, Rank.RESULT)
            return
        if not self._trouble(chat, done.error):
            log.error("a notice was not sent", chat=chat, error=str(done.error))
        if chat in self._blocked:
            self._wake((chat,), Rank.RESULT)
        elif isinstance(done.error, RetryAfter | Refused | JobRejected) and not isinstance(done.error, Unauthorized):
            self._mailboxes.setdefault(chat, Rank.RESULT)  # all else is found again by the next Tick

    def _failed(self, chat: int, waiting: Waiting, error: BaseException | None) -> None:
        order = waiting.order
        known = self._trouble(chat, error)
        match error:
            case RetryAfter() | Unauthorized() | JobRejected() | Unreachable(maybe_delivered=False):
                self._queue.put_back(waiting, tried=False)
            case Unreachable() if harmless_twice(order) and waiting.tries < MOST_TRIES:
                self._queue.put_back(waiting)
            case Refused(moved_to=int() as moved) if chat != BOT:
                log.warning("the group has a new number", chat=chat, moved_to=moved)
                self._queue.put_back(replace(waiting, order=to_chat(order, moved)))
            case _:
                if not known and not (isinstance(error, Refused) and error.is_blocked):
                    log.error("an order could not be done", order=type(order).__name__, chat=chat, error=str(error))
                if isinstance(order, ShowPanel) and order.reply_to is not None:
                    order.reply_to.tell(PanelLost(order.chat, order.message_id))

    def _trouble(self, chat: int, error: BaseException | None) -> bool:
        """What an error means for all that follows; False when it means nothing for it."""
        match error:
            case RetryAfter(seconds=seconds):
                log.warning("Telegram wants silence", chat=chat, seconds=seconds)
                self._pacing.penalize(None if chat == BOT else chat, seconds, self._now())
            case Unauthorized() | Unreachable():
                self._reach.failed(error)
            case Refused(is_blocked=True) if chat != BOT:
                if len(self._blocked) >= MAX_BLOCKED:
                    self._blocked.clear()  # each of them is then tried once more
                self._blocked.add(chat)
                self._mailboxes.pop(chat, None)
                dropped = self._queue.drop_chat(chat)
                log.info("a chat cannot be reached", chat=chat, dropped=dropped, error=error.description)
            case JobRejected():
                self._pacing.penalize(chat, 1.0, self._now())
            case _:
                return False
        return True

    # --- answers to presses: at once, beside everything else

    def _answer(self, order: AnswerPress, since: float, tries: int) -> None:
        if self._now() - since > ANSWER_S:
            return
        if self._reach.away:
            self._answers.append((order, since))
            self._reach.ask()  # who presses is heard: perhaps we are heard too
            return
        work = partial(perform, self._telegram, order)
        self.context.job(LANE, work, partial(Answered, order, since, tries))

    def _answered(self, message: Answered) -> None:
        error = message.done.error
        if error is None:
            self._reach.works()
        elif isinstance(error, RetryAfter) and message.tries == 0:
            self.context.after(error.seconds, AnswerAgain(message.order, message.since, 1))
        elif isinstance(error, Unreachable | Unauthorized):
            self._reach.failed(error)
            if message.tries == 0:
                self._answers.append((message.order, message.since))
        elif not (isinstance(error, Refused) and error.is_too_late):
            log.error("a press was not answered", error=str(error))

    def _back(self) -> None:
        """Telegram is there again: what waits goes on its way."""
        held = list(self._answers)
        self._answers.clear()
        for order, since in held:
            self._answer(order, since, 1)
        self._find_mail(sweep=True)

    def _now(self) -> float:
        return self.context.system.clock.monotonic()


def outbox_spec(telegram: Telegram, mail: Mail) -> ChildSpec:
    """The child spec of the outbox, id "outbox"; `mail` is made once and outlives its incarnations."""
    return ChildSpec("outbox", partial(Outbox, telegram, mail), mailbox=20_000, shutdown=2.0)
