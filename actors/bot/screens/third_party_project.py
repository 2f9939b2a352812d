"""T4p: a stranger's repository becomes a project: what is known of it goes along, its secrets too."""

from __future__ import annotations

from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import Page, Reply, Screen, Visit
from actors.bot.screens.add_project import BRANCHES, DEFAULT_INTERVAL, TOKEN
from actors.bot.screens.third_party import audit, guest, sandbox
from actors.bot.screens.third_party_guest import Running
from actors.errors import BadName, NameTaken, VankaError
from actors.model.guest import Guest


class IntoProject(Screen):
    """T4p. It leads to a new project's summary; nothing is made before that is confirmed."""

    id = "T4p"
    right = Right.CHANGE
    act_right = Right.CHANGE

    def draw(self, visit: Visit) -> Page:
        """It only acts; what is drawn is the guest."""
        return Running().draw(visit)

    def act(self, visit: Visit) -> Reply:
        """The answers that the guest gives: link, branch, interval, and where its secrets are."""
        it = guest(visit)
        form = {"url": it.wish.url, "interval": str(it.wish.interval_s or DEFAULT_INTERVAL), "guest": it.id}
        form |= self._branch(visit, it)
        try:
            name = visit.control.check_name(it.name)
            form |= {"name": name, "path": visit.control.suggest_path(name)}
        except (BadName, NameTaken):
            form["name"] = ""  # the summary asks for another one
        visit.shelf.drop(visit.chat, TOKEN)
        token = sandbox(visit).access(it.id).token
        if token is not None:
            visit.shelf.put(visit.chat, TOKEN, token)
        audit.info("a third-party repository becomes a project", by=visit.asked_by, guest=it.id)
        note = None
        if it.wish.ref and not form.get("branch"):
            note = visit.words("tp_no_branch", ref=it.wish.ref)
        return Reply(to=Link("A6"), form=form, note=note)

    def _branch(self, visit: Visit, it: Guest) -> dict[str, str]:
        """Its branch; a tag or a commit is none, and a project follows a branch."""
        try:
            found = visit.control.check_url(it.wish.url, sandbox(visit).access(it.id))
        except VankaError:
            return {}  # the project's own check tells why
        branches = {"branches": ",".join(found[:BRANCHES])}
        return branches | {"branch": it.wish.ref} if it.wish.ref and it.wish.ref in found else branches
