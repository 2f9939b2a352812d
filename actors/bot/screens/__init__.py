"""The screens, one file for each group of them, and the list of all: a new one is one line here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from actors.bot.rights import Right
from actors.bot.screen import Screen
from actors.bot.screens import add_project, alerts, settings, third_party, third_party_more
from actors.bot.screens.access import AccessKey, DeployKey, Hook
from actors.bot.screens.add_access import Key, Token
from actors.bot.screens.add_project import Branch, Folder, Name, Url
from actors.bot.screens.add_summary import Summary
from actors.bot.screens.alerts import Alerts, QuietHours, Where
from actors.bot.screens.health import HealthCheck
from actors.bot.screens.home import Chooser, Home, Waiting
from actors.bot.screens.inside import Actors, Errors, OneActor, OneError, RestartActor
from actors.bot.screens.interval import Custom, Interval, Intervals
from actors.bot.screens.journal import History, Journal
from actors.bot.screens.lists import Find, Jump
from actors.bot.screens.load import ByProject, Load, OneProject
from actors.bot.screens.log import Log
from actors.bot.screens.progress import Abort, Decision, Discard, Progress, TestRun
from actors.bot.screens.projects import Ask, Card, Projects
from actors.bot.screens.remind import Remind
from actors.bot.screens.run import Commits, Confirm, Refresh, Run, TestTime
from actors.bot.screens.settings import Delete, DeleteTyped, Forget, OneSetting, Persist, Settings
from actors.bot.screens.status import State, States
from actors.bot.screens.system import Help, Languages, Metrics, RestartBot, System
from actors.bot.screens.third_party import Address, Guests, Options
from actors.bot.screens.third_party_choices import Output, Time
from actors.bot.screens.third_party_guest import AskGuest, Command, Running, Steps
from actors.bot.screens.third_party_project import IntoProject
from actors.bot.screens.thresholds import LoadThresholds
from actors.bot.screens.users import AwayWith, Invite, OneUser, Stranger, Users
from actors.bot.screens.variables import DeleteVariable, OnlyTest, Variable, Variables
from actors.bot.screens.variables_edit import Import, Names, NewVariable, Value
from actors.bot.screens.versions import Changes, ConfirmRollback, OneVersion, Versions

_ALL: Final = (
    *(Home(), Waiting(), Projects(), Find(), Jump(), Card(), Ask("P1s", "stop"), Ask("P1r", "restart")),
    *(Chooser("R0", "R1", "run_title", Right.RUN), Chooser("B0", "B1", "rollback_title", Right.SEE)),
    *(Run(), Refresh(), TestTime(), Confirm(), Commits(), TestRun(), Decision(), Remind(), Discard(), Progress()),
    *(Abort("R3x", "R3", "test"), Abort("R6x", "R6", "deployment")),
    *(Versions(), OneVersion(), Changes(), ConfirmRollback(), HealthCheck()),
    *(States(), State(), Log()),
    *(Name(), Url(), Token(), Key(), Folder(), Branch(), add_project.Interval(), Summary()),
    *(Chooser("C0", "C1", "vars_title", Right.CHANGE, private=True), Variables(), Variable()),
    *(DeleteVariable(), OnlyTest(), NewVariable(), Value(), Import(), Names()),
    *(Intervals(), Interval(), Custom()),
    *(Settings(), OneSetting(), AccessKey(), DeployKey(), Hook(), settings.Kind(), Persist(), Forget()),
    *(Delete(), DeleteTyped()),
    *(Guests(), Address(), third_party.Token(), Options(), Time(), Output(), third_party_more.Interval()),
    *(third_party_more.Variables(), third_party_more.NewVariable(), third_party_more.Value()),
    *(third_party_more.OneVariable(), third_party_more.Import()),
    *(Running(), Steps(), AskGuest(), IntoProject(), Command()),
    *(Journal(), History(), Load(), ByProject(), OneProject()),
    *(Alerts(), alerts.ByProject(), alerts.OneProject(), LoadThresholds(), QuietHours(), Where()),
    *(System(), RestartBot(), Metrics(), Actors(), OneActor(), RestartActor(), Errors(), OneError()),
    *(Languages(), Help(), Users(), Invite(), OneUser(), AwayWith(), Stranger()),
)

SCREENS: Final[Mapping[str, Screen]] = MappingProxyType({screen.id: screen for screen in _ALL})
