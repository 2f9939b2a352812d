"""A2t and A2k: the token, or the deploy key, that opens a new project's private repository."""

from __future__ import annotations

from actors.bot.links import Link
from actors.bot.screen import Page, Reply, Visit, do, go
from actors.bot.screens.access import copy_row, kept_key, key_text, public_key
from actors.bot.screens.add_project import TOKEN, Step, looked
from actors.bot.texts import join
from actors.source.address import Access, RemoteUrl, parse
from runtime.vault import Secret


class Token(Step):
    """A2t."""

    id = "A2t"
    number = 2
    private = True

    def draw(self, visit: Visit) -> Page:
        """Asks for the token; the message is deleted."""
        rows = ((go(visit.words.label("b_deploy_key"), "A2k"),),)
        return self.page(visit, visit.words("add_token"), rows, secret=True)

    def typed(self, visit: Visit, text: str) -> Reply:
        """The token, tried at once."""
        token = Secret(text.strip())
        reply = looked(visit, {**visit.form, "key": ""}, Access(token=token))
        if reply.to != Link("A2t"):
            visit.shelf.put(visit.chat, TOKEN, token)
        return reply


class Key(Step):
    """A2k: a new deploy key. It goes with the repository's ssh address."""

    id = "A2k"
    number = 2
    private = True

    def draw(self, visit: Visit) -> Page:
        """Its public half, to give to the server."""
        words = visit.words
        public = public_key(visit, visit.form.get("name", ""))
        address = ssh_address(visit.form.get("url", ""))
        text = join([key_text(visit, public), words("key_address", url=address)])
        rows = (
            *copy_row(visit, public),
            (do(words.label("b_try_key"), "A2k", style="primary"), go(words.label("b_token"), "A2t")),
        )
        return self.page(visit, text, rows, typed=False)

    def act(self, visit: Visit) -> Reply:
        """Try it."""
        visit.shelf.drop(visit.chat, TOKEN)
        form = {**visit.form, "url": ssh_address(visit.form.get("url", "")), "key": "1"}
        return looked(visit, form, Access(ssh_key=kept_key(visit)))


def ssh_address(url: str) -> str:
    """The address that a deploy key opens: of https://host/owner/name, git@host:owner/name."""
    address: RemoteUrl = parse(url)
    if address.scheme not in ("http", "https"):
        return address.raw
    path = address.path.strip("/")
    return f"git@{address.host}:{path if path.endswith('.git') else path + '.git'}"
