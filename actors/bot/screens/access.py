"""P2k, what opens a project's repository; P2d, a deploy key made here; P2h, where pushes are to be told."""

from __future__ import annotations

import json

from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import Choice, Expect, Page, Reply, Screen, Visit, do, go
from actors.bot.screens.common import crumbs
from actors.bot.texts import Html, escape, join
from actors.errors import NothingToDo
from actors.source import keygen
from actors.source.address import Access, parse
from runtime.vault import Secret

KEY = "deploy-key"
MOST_COPY = 256


class Secretive(Screen):
    """What all of them share: administrators only, in a private chat only."""

    right = Right.CHANGE
    act_right = Right.CHANGE
    private = True


class AccessKey(Secretive):
    """P2k: a token or a private key for the repository."""

    id = "P2k"

    def draw(self, visit: Visit) -> Page:
        """Asks for it; the message is deleted."""
        words, project = visit.words, visit.project()
        path = crumbs(visit, words.label("settings_title"), words.label("access_title"), project=project)
        expects = Expect(Link("P2k", project.no), secret=True, document=True)
        rows = ((go(words.label("b_new_key"), "P2d", project.no),),)
        return Page(path, words("ask_access"), rows, cancel=Link("P2", project.no), expects=expects)

    def typed(self, visit: Visit, text: str) -> Reply:
        """Tried at once, sealed when it opens the repository."""
        project = visit.project()
        is_key = "PRIVATE KEY" in text[:100]
        secret = Secret(text.strip() + ("\n" if is_key else ""))
        access = Access(ssh_key=secret) if is_key else Access(token=secret)
        visit.control.set_access(project.name, access)
        return Reply(to=Link("P2", project.no), note=visit.words("note_access"))


class DeployKey(Secretive):
    """P2d: a new deploy key; its public half goes to the server, the private one waits in memory until it works."""

    id = "P2d"

    def draw(self, visit: Visit) -> Page:
        """The public half, to copy."""
        words, project = visit.words, visit.project()
        path = crumbs(visit, words.label("settings_title"), words.label("key_title"), project=project)
        public = public_key(visit, project.name)
        web = parse(project.url).scheme in ("http", "https")
        text = join([key_text(visit, public), words("key_needs_ssh") if web else None])
        rows = (*copy_row(visit, public), (do(words.label("b_try_key"), "P2d", project.no, style="primary"),))
        return Page(path, text, rows, cancel=Link("P2", project.no))

    def act(self, visit: Visit) -> Reply:
        """Try it; sealed when it opens the repository."""
        project = visit.project()
        visit.control.set_access(project.name, Access(ssh_key=kept_key(visit)))
        visit.shelf.drop(visit.chat, KEY)
        return Reply(to=Link("P2", project.no), note=visit.words("note_access"))


def public_key(visit: Visit, name: str) -> str:
    """The public half of this chat's new key: made now, or a short while ago for a project of the same name."""
    kept = visit.shelf.get(visit.chat, KEY)
    if kept is not None:
        held = json.loads(kept.reveal())
        if held["name"] == name:
            return str(held["public"])
    private, public = keygen(f"vanka-{name}" if name else "vanka")
    visit.shelf.put(visit.chat, KEY, Secret(json.dumps({"name": name, "public": public, "private": private.reveal()})))
    return public


def kept_key(visit: Visit) -> Secret:
    """The private half of this chat's new key; raises NothingToDo when it is gone from memory."""
    kept = visit.shelf.get(visit.chat, KEY)
    if kept is None:
        raise NothingToDo("the new key is gone from memory", "Here is another one: put that to the server.")
    return Secret(json.loads(kept.reveal())["private"])


def key_text(visit: Visit, public: str) -> Html:
    """What is to be done with the public half."""
    return join([visit.words("key_text"), Html(f"<code>{escape(public)}</code>")])


def copy_row(visit: Visit, public: str) -> tuple[tuple[Choice, ...], ...]:
    """A button that copies it, where a button can hold so much."""
    return ((Choice(visit.words.label("b_copy"), copy=public),),) if len(public) <= MOST_COPY else ()


class Hook(Secretive):
    """P2h: the address that GitHub tells of pushes, and the secret that signs them."""

    id = "P2h"

    def draw(self, visit: Visit) -> Page:
        """Both, to copy."""
        words, project = visit.words, visit.project()
        secret = visit.control.hook_secret(project.name).reveal()
        url = visit.control.hook_url(project.name)
        where = words("hook_url", url=url) if url else words("hook_off")
        shown = words("hook_secret", secret=Html(f"<tg-spoiler>{escape(secret)}</tg-spoiler>"))
        path = crumbs(visit, words.label("settings_title"), words.label("hook_title"), project=project)
        copies = [Choice(words.label("b_copy_secret"), copy=secret)]
        if url and len(url) <= MOST_COPY:
            copies.insert(0, Choice(words.label("b_copy_url"), copy=url))
        text = join([words("hook_text"), where, shown])
        return Page(path, text, (tuple(copies),), back=Link("P2", project.no), secret=True)
