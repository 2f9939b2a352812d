"""A strict Telegram Bot API for tests: real HTTP, real limits, people who press, faults to order.

with BotApiServer() as server:
    anna = server.user(42, "ru")
    ... start the bot with server.token and server.url ...
    anna.writes("/start")
    anna.waits_for_text("Меню")
    press = anna.presses("📦 Проекты")
    server.faults.next("sendMessage", Fault.status(429, retry_after=3))
    server.assert_nothing_refused()
"""

from tests.fakes.botapi.faults import ANY, Fault
from tests.fakes.botapi.refusal import Refused
from tests.fakes.botapi.server import BotApiServer
from tests.fakes.botapi.users import User
from tests.fakes.botapi.world import Chat, Message, Press

__all__ = ["ANY", "BotApiServer", "Chat", "Fault", "Message", "Press", "Refused", "User"]
