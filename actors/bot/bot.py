"""Bot actor: update to screen. It decides in milliseconds; screens are drawn in jobs, in order within each chat."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import assert_never

from actors.bot import router
from actors.bot.bot_messages import (
    AskName,
    Flush,
    Message,
    Named,
    Stepped,
    Stuck,
    Tick,
)
from actors.bot.dialogue import Again, Dialogue, Show
from actors.bot.doorman import Doorman
from actors.bot.greeting import Greeting
from actors.bot.orders import AnswerPress, DeleteMessage, Order, PanelLost, PanelShown
from actors.bot.router import Routed
from actors.bot.screen import HOME, LIVE_S, Person
from actors.bot.session import Session, sessions
from actors.bot.talk import MAX_WAITING, Item, Talk, messages
from actors.bot.telegram import Telegram
from actors.bot.wire import Incoming, MessageIn, OtherIn, PressIn
from actors.bot.work import Arrived, Batch, Tools, Work
from runtime.actor import Actor
from runtime.log import get
from runtime.store import Store

log = get("actors.bot")
MAX_TALKS = 2000
LANE = "chat"
FLUSH_S = 2.0
STUCK_S = 120.0
ASK_AGAIN_S = 30.0


class Bot(Actor[Message]):
    """Everything that comes in from Telegram. `telegram` is used in jobs only, to load files that somebody sent."""

    def __init__(self, dialogue: Dialogue, store: Store, telegram: Telegram, greeting: Greeting) -> None:
        super().__init__()
        self._dialogue = dialogue
        self._access = dialogue.access
        self._store = store
        self._table = sessions(store)
        self._tools = Tools(dialogue, self._table, telegram)
        self._greeting = greeting
        self._talks: OrderedDict[int, Talk] = OrderedDict()

    def on_start(self) -> None:
        """Live pages go on where they were."""
        self._outbox = self.context.sibling("outbox")
        self._doorman = Doorman(self._dialogue, self._outbox.tell, self.context.system.clock)
        self._greeting.to_everybody(self._outbox.tell)
        self.context.every(FLUSH_S, Flush())
        self.context.address.tell(AskName())
        for _, session in self._table.scan(newest_first=True, limit=MAX_TALKS):
            if session.panel is not None and not session.nonce:
                self._cut_off(session)
            elif session.live:
                self._talk(session.chat)
                self.context.after(LIVE_S, Tick(session.chat, 0))

    def receive(self, message: Message) -> None:
        """Never waits."""
        match message:
            case Arrived(updates, handled):
                batch = Batch(len(updates), handled)
                for update in updates:
                    self._take(update, batch)
            case Stepped():
                self._stepped(message)
            case PanelShown():
                talk = self._talk(message.chat)
                self._send(talk.arrived(message, self.context.address, self.context.system.clock.monotonic()))
            case PanelLost():
                talk = self._talk(message.chat)
                self._send(talk.lost(message, self.context.address, self.context.system.clock.monotonic()))
            case Tick(chat, serial):
                self._tick(chat, serial)
            case Stuck(chat, turn):
                self._stuck(chat, turn)
            case Flush():
                self._flush()
            case AskName():
                self.context.job("network", self._tools.telegram.get_me, Named)
            case Named(done):
                if done.value is None:
                    self.context.after(ASK_AGAIN_S, AskName())
                else:
                    self._greeting.name = done.value.username
            case _:
                assert_never(message)

    def on_stop(self) -> None:
        """Nothing that was shown is forgotten."""
        self._flush()

    def on_crash(self, error: BaseException) -> None:
        """The next incarnation knows the panels."""
        del error
        self._flush()

    def _cut_off(self, session: Session) -> None:
        """Somebody's press was being done when the bot ended: whether it was, they must see for themselves."""
        person = Person(session.user, "")
        again = Show(session.place, self._dialogue.words(person)("note_cut_off"))
        talk = self._talk(session.chat)
        talk.queue.append(Item(None, person, None, Routed(again, session)))
        self._next(session.chat, talk)

    # --- what comes in

    def _take(self, update: Incoming, batch: Batch) -> None:
        if isinstance(update, OtherIn):
            if update.callback_id is not None:
                self._answer(update.callback_id)
            batch.one_done()
            return
        person = router.person(update)
        try:
            role = self._doorman.admits(update, person)
        except BaseException as error:
            log.error("an update was given up", exc_info=error)
            role = None
        if role is None:
            batch.one_done()
            return
        if update.chat_type == "private":
            self._greeting.to(person.id, role, self._outbox.tell)
        talk = self._talk(update.chat_id)
        talk.private = update.chat_type == "private"
        if update.chat_title != talk.session.title:
            talk.session = replace(talk.session, title=update.chat_title)
        if update.update_id <= talk.session.seen or len(talk.queue) >= MAX_WAITING:
            if isinstance(update, PressIn):
                self._answer(update.callback_id, self._dialogue.words(person).label("t_already"))
            batch.one_done()
            return
        item = Item(update, person, batch)
        if isinstance(update, PressIn) and (talk.job is not None or talk.queue):
            used = router.is_used(self._dialogue, talk.session, update.data)
            self._answer(update.callback_id, self._dialogue.words(person).label("t_already") if used else "")
            if used:
                batch.one_done()
                return
            item = replace(item, answered=True)  # its turn comes; the answer must not wait for it
        elif isinstance(update, PressIn):
            item = self._route(talk, item)  # the usual case: answered before anything else is done
        talk.queue.append(item)
        self._next(update.chat_id, talk)

    def _route(self, talk: Talk, item: Item) -> Item:
        update, now = item.update, self.context.system.clock.now().timestamp()
        words = self._dialogue.words(item.person)
        if isinstance(update, PressIn):
            role = self._access.role(item.person.id)
            if role is None:
                return replace(item, routed=Routed(None, talk.session))
            routed = router.press(self._dialogue, talk.session, update, role, words, now)
            if not item.answered:
                self._answer(update.callback_id, routed.toast)
            elif routed.toast and isinstance(routed.step, Show):
                routed = replace(routed, step=Show(routed.step.place, words("note_plain", text=routed.toast)))
            return replace(item, routed=routed)
        if isinstance(update, MessageIn):
            found = router.message(talk.session, update, words, now, self._greeting.name)
            return replace(item, routed=found or Routed(None, talk.session))
        return replace(item, routed=Routed(Again(), talk.session))

    # --- one chat, one job at a time

    def _next(self, chat: int, talk: Talk) -> None:
        while talk.job is None and talk.queue:
            item = talk.queue.popleft()
            if item.routed is None:
                item = self._route(talk, item)
            routed, role = item.routed, self._access.role(item.person.id)
            if routed is None or routed.step is None or role is None:
                self._done_with(item)
                continue
            talk.session = routed.session
            if routed.delete is not None:
                self._outbox.tell(DeleteMessage(chat, routed.delete))
            talk.turn += 1
            work = Work(self._tools, item, routed, role, talk.private)
            talk.job = self.context.job(LANE, work, partial(Stepped, chat, item, talk.turn))
            talk.stuck = self.context.after(STUCK_S, Stuck(chat, talk.turn))

    def _stepped(self, message: Stepped) -> None:
        chat, item, done = message.chat, message.item, message.done
        talk = self._talk(chat)
        if message.turn != talk.turn or talk.job is None:
            return  # it had its time and was given up
        talk.job = None
        if talk.stuck is not None:
            talk.stuck.cancel()
        turn = done.value
        if turn is None:
            self._failed(talk, item, done.error)
        else:
            fresh = item.routed is not None and item.routed.fresh
            now = self.context.system.clock.monotonic()
            self._send(talk.show(turn, fresh=fresh, reply_to=self.context.address, now=now))
            self._send(messages(turn))
            if turn.live_s is not None:
                self.context.after(turn.live_s * (1 if talk.private else 2), Tick(chat, talk.serial))
        self._done_with(item)
        self._next(chat, talk)

    def _failed(self, talk: Talk, item: Item, error: BaseException | None) -> None:
        """What a screen raised costs that press only: the person sees the menu and a line about it."""
        log.error("a screen failed", chat=talk.session.chat, exc_info=error)
        routed = item.routed
        if routed is None or item.update is None or (isinstance(routed.step, Show) and routed.step.place == HOME):
            return
        note = self._dialogue.words(item.person)("error_internal")
        sorry = Routed(Show(HOME, note), talk.session, fresh=routed.fresh)
        talk.queue.appendleft(Item(item.update, item.person, None, sorry))

    def _done_with(self, item: Item) -> None:
        if item.done is not None:
            item.done.one_done()

    def _tick(self, chat: int, serial: int) -> None:
        talk = self._talk(chat)
        if not talk.session.live or talk.job is not None or talk.queue or (serial and serial != talk.serial):
            return
        talk.queue.append(Item(None, Person(talk.session.user, "")))
        self._next(chat, talk)

    def _stuck(self, chat: int, turn: int) -> None:
        talk = self._talks.get(chat)
        if talk is not None and talk.job is not None and talk.turn == turn:
            log.error("a screen took too long and was given up", chat=chat, screen=talk.session.place.screen)
            talk.job.cancel()  # its outcome arrives when its thread comes back; the chat need not wait for that
            talk.job = None
            self._next(chat, talk)

    # --- small things

    def _talk(self, chat: int) -> Talk:
        talk = self._talks.get(chat)
        if talk is None:
            talk = self._talks[chat] = Talk(self._table.get(str(chat)) or Session(chat), private=chat > 0)
            while len(self._talks) > MAX_TALKS:
                self._put(self._talks.popitem(last=False)[1])
        self._talks.move_to_end(chat)
        return talk

    def _answer(self, callback_id: str, text: str = "") -> None:
        self._outbox.tell(AnswerPress(callback_id, text))

    def _send(self, orders: Iterable[Order]) -> None:
        for order in orders:
            self._outbox.tell(order)

    def _flush(self) -> None:
        if dirty := [talk for talk in self._talks.values() if talk.dirty]:
            with self._store.transaction():
                for talk in dirty:
                    self._put(talk)

    def _put(self, talk: Talk) -> None:
        self._table.put(str(talk.session.chat), talk.session)
        talk.dirty = False
