"""The child specs of the bot: outbox, Bot actor and poller; and of the herald, which does not depend on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from actors.bot.access import Access
from actors.bot.bot import Bot
from actors.bot.desk import ChatDesk
from actors.bot.dialogue import Dialogue
from actors.bot.greeting import Greeting
from actors.bot.herald import herald_spec
from actors.bot.mail import Mail
from actors.bot.outbox import outbox_spec
from actors.bot.poller import Poller
from actors.bot.screens import SCREENS
from actors.bot.telegram import Telegram
from actors.control import Control
from actors.pipeline.services import Services
from actors.records.notices import NoticeRecords
from actors.sandbox import Sandbox
from actors.settings import Settings
from runtime.child_spec import ChildSpec, OnGiveUp, supervisor
from runtime.store import Store

FAMILY = "bot"


@dataclass(frozen=True)
class BotHouse:
    """What the tree hands to the bot. `access` and `notices` are made once and outlive the actors."""

    settings: Settings
    services: Services
    control: Control
    store: Store
    access: Access
    notices: NoticeRecords
    sandbox: Sandbox | None = None


def dialogue(house: BotHouse, greeting: Greeting | None = None) -> Dialogue:
    """The screens over this service: for the bot, and without a greeting for the terminal."""
    return Dialogue(
        house.control,
        house.access,
        SCREENS,
        house.services.clock,
        language=house.settings.language,
        bot_name=(lambda: greeting.name) if greeting is not None else (lambda: ""),
        sandbox=house.sandbox,
    )


def chat_desk(house: BotHouse) -> ChatDesk:
    """What answers `vanka chat`: `desk.request(args, asked_by)`, from any thread. It needs no bot."""
    return ChatDesk(dialogue(house), house.services.clock)


def herald(house: BotHouse) -> ChildSpec:
    """The herald, for the root: what is to be told is noted also without a bot, and while the bot is parked."""
    return herald_spec(house.services, house.notices, house.access, sends=house.settings.telegram_token is not None)


def bot_family(house: BotHouse) -> ChildSpec | None:
    """The supervisor "bot"; None without a token.

    A chat that cannot be kept up is parked: it takes nothing else down. Raises BadSetting for an unusable token.
    """
    token = house.settings.telegram_token
    if token is None:
        return None
    telegram = Telegram(token, house.settings.telegram_api, house.settings.telegram_proxy)
    greeting = Greeting(house.access)
    mail = Mail(house.notices, house.access, house.services.clock)
    talks = dialogue(house, greeting)
    children = [
        outbox_spec(telegram, mail),
        ChildSpec("bot", partial(Bot, talks, house.store, telegram, greeting), shutdown=2.0),
        ChildSpec("poller", partial(Poller, telegram, house.store), shutdown=1.0),
    ]
    return supervisor(
        FAMILY, children, restarts=10, within=30.0, on_give_up=OnGiveUp.PARK, park_restarts=5, park_within=600.0
    )
