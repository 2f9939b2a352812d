"""The screens, one file for each group of them, and the list of all: a new one is one line here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from actors.bot.rights import Right
from actors.bot.screen import Screen
from actors.bot.screens import add_project, third_party, third_party_more
from actors.bot.screens.add_project import Branch, Folder, Name, Summary, Token, Url
from actors.bot.screens.alerts import Alerts, QuietHours
from actors.bot.screens.home import Chooser, Home, Waiting
from actors.bot.screens.interval import Custom, Interval, Intervals
from actors.bot.screens.journal import History, Journal
from actors.bot.screens.load import ByProject, Load, OneProject
from actors.bot.screens.progress import Decision, Progress, TestRun
from actors.bot.screens.projects import Ask, Card, Projects
from actors.bot.screens.remind import Remind
from actors.bot.screens.run import Confirm, Run, TestTime
from actors.bot.screens.settings import AccessKey, Delete, DeleteTyped, OneSetting, Persist, Settings
from actors.bot.screens.status import Log, State, States
from actors.bot.screens.system import Actors, Errors, Help, Languages, OneActor, System
from actors.bot.screens.third_party import Address, Guests, Options
from actors.bot.screens.third_party_choices import Output, Time
from actors.bot.screens.third_party_guest import AskGuest, Command, Running, Steps
from actors.bot.screens.third_party_project import IntoProject
from actors.bot.screens.thresholds import LoadThresholds
from actors.bot.screens.users import Invite, OneUser, Users
from actors.bot.screens.variables import DeleteVariable, Import, Names, NewVariable, Value, Variable, Variables
from actors.bot.screens.versions import ConfirmRollback, OneVersion, Versions

_ALL: Final = (
    *(Home(), Waiting(), Projects(), Card(), Ask("P1s", "stop"), Ask("P1r", "restart")),
    *(Chooser("R0", "R1", "run_title", Right.RUN), Chooser("B0", "B1", "rollback_title", Right.SEE)),
    *(Run(), TestTime(), Confirm(), TestRun(), Decision(), Remind(), Progress()),
    *(Versions(), OneVersion(), ConfirmRollback()),
    *(States(), State(), Log()),
    *(Name(), Url(), Token(), Folder(), Branch(), add_project.Interval(), Summary()),
    *(Chooser("C0", "C1", "vars_title", Right.CHANGE, private=True), Variables(), Variable(), DeleteVariable()),
    *(NewVariable(), Value(), Import(), Names()),
    *(Intervals(), Interval(), Custom()),
    *(Settings(), OneSetting(), AccessKey(), Persist(), Delete(), DeleteTyped()),
    *(Guests(), Address(), third_party.Token(), Options(), Time(), Output(), third_party_more.Interval()),
    *(third_party_more.Variables(), third_party_more.NewVariable(), third_party_more.Value()),
    *(third_party_more.OneVariable(), third_party_more.Import()),
    *(Running(), Steps(), AskGuest(), IntoProject(), Command()),
    *(Journal(), History(), Load(), ByProject(), OneProject(), Alerts(), QuietHours(), LoadThresholds()),
    *(System(), Actors(), OneActor(), Errors(), Languages(), Help()),
    *(Users(), Invite(), OneUser("X4a"), OneUser("U1")),
)

SCREENS: Final[Mapping[str, Screen]] = MappingProxyType({screen.id: screen for screen in _ALL})
