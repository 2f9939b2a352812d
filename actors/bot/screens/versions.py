"""B1, B2 and B3: the versions of a project, one of them, and the question before a rollback."""

from __future__ import annotations

from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import CONFIRM_S, Choice, Expect, Page, Reply, Screen, Visit, do, go
from actors.bot.screens.common import PAGE, STATE_MARKS, crumbs, number, page_of, pages, sha, took, who
from actors.bot.texts import Html, join
from actors.errors import NoSuchVersion, NothingToDo
from actors.model.version import Version


class Versions(Screen):
    """B1, newest first. A number that is typed leads to the question."""

    id = "B1"

    def draw(self, visit: Visit) -> Page:
        """Eight a page; the current one is marked."""
        words, status = visit.words, visit.status()
        no, current = status.project.no, status.version
        found = visit.control.versions(status.project.name)
        page, turning = pages(len(found), page_of(visit.place.arg), lambda n: go("·", "B1", no, str(n)))
        rows: list[tuple[Choice, ...]] = [
            (go(_line(visit, it, current), "B2", no, str(it.number)),) for it in found[page * PAGE : (page + 1) * PAGE]
        ]
        rows += turning
        expects = None
        if visit.may(Right.RUN) and previous(found, current) is not None:
            rows.append((go(words.label("b_previous"), "B3", no, style="primary"),))
            expects = Expect(Link("B1", no))
        text = words("versions_text" if expects else "versions_only") if found else words("versions_none")
        title = words.label("versions")
        return Page(
            crumbs(visit, title, project=status.project), text, tuple(rows), back=Link("P1", no), expects=expects
        )

    def typed(self, visit: Visit, text: str) -> Reply:
        """A version's number."""
        digits = text.strip().lstrip("#№ ")
        if not digits.isdecimal() or len(digits) > 9:
            raise NoSuchVersion(f"{text[:40]!r} is not a version's number", "Send a number such as 16.")
        version = visit.control.version(visit.project().name, int(digits))
        return Reply(to=Link("B3", visit.place.no, str(version.number)))


def _line(visit: Visit, version: Version, current: int | None) -> str:
    words = visit.words
    here = "● " if version.number == current else ""
    kept = "✅" if version.proven else "❌" if version.failed else "·"
    pinned = "📌" if version.pinned else ""
    no, commit = number(words, version.number), version.commit
    return f"{here}{no} {commit.short} · {words.ago(commit.committed_at, visit.now)} {kept}{pinned}"


def previous(versions: list[Version], current: int | None) -> int | None:
    """The version that a rollback without a number goes to, as far as a list of them (newest first) can tell."""
    older = [it for it in versions if it.number != current and it.proven]
    before = [it for it in older if current is None or it.number < current]
    return (before or older)[0].number if older else None


class OneVersion(Screen):
    """B2. The argument is the version's number."""

    id = "B2"

    def draw(self, visit: Visit) -> Page:
        """What is known of it."""
        words, status = visit.words, visit.status()
        project = status.project
        version = visit.control.version(project.name, page_of(visit.place.arg))
        text = join([_about(visit, version), _attempts(visit, project.name, version.number)])
        rows: list[tuple[Choice, ...]] = []
        if visit.may(Right.RUN):
            here = version.number == status.version
            back = (
                ()
                if here
                else (go(words.label("b_rollback_to", n=version.number), "B3", project.no, visit.place.arg, "danger"),)
            )
            rows.append((*back, go(words.label("b_test_version"), "R2", project.no, f"600,{version.number}")))
            pin = "b_unpin" if version.pinned else "b_pin"
            rows.append((do(words.label(pin), "B2", project.no, visit.place.arg),))
        title = number(words, version.number)
        path = crumbs(visit, words.label("versions"), title, project=project)
        return Page(path, text, tuple(rows), back=Link("B1", project.no))

    def act(self, visit: Visit) -> Reply:
        """Pin or unpin."""
        project = visit.project()
        version = visit.control.version(project.name, page_of(visit.place.arg))
        visit.control.pin(project.name, version.number, not version.pinned)
        return Reply(note=visit.words("note_unpinned" if version.pinned else "note_pinned"))


def _about(visit: Visit, version: Version) -> Html:
    words, commit = visit.words, version.commit
    state = "v_proven" if version.proven else "v_failed" if version.failed else "v_untried"
    return words(
        "version_about",
        no=number(words, version.number),
        sha=sha(commit.sha),
        subject=commit.subject[:200],
        author=commit.author,
        ago=words.ago(commit.committed_at, visit.now),
        state=words.label(state),
    )


def _attempts(visit: Visit, name: str, wanted: int) -> Html:
    words = visit.words
    found = [it for it in visit.control.history(name, 50) if it.version == wanted][:5]
    return join(
        [
            words(
                "version_attempt",
                mark=STATE_MARKS[it.state],
                kind=words.label(f"kind_{it.kind.value}"),
                ago=words.ago(it.started_at or it.queued_at, visit.now),
                took=words.duration(took(it, visit.now) or 0),
                who=who(it.asked_by, visit),
            )
            for it in found
        ]
    )


class ConfirmRollback(Screen):
    """B3. The argument is the version's number, or nothing for the one before."""

    id = "B3"
    right = Right.RUN

    def draw(self, visit: Visit) -> Page:
        """What is replaced, with Cancel first."""
        words, status = visit.words, visit.status()
        project = status.project
        wanted = self._wanted(visit, project.name, status.version)
        kept = ", ".join(project.persist) or words.label("nothing")
        text = words(
            "rollback_ask",
            name=project.name,
            now=number(words, status.version),
            then=number(words, wanted),
            path=project.path,
            persist=kept,
        )
        commit = visit.control.version(project.name, wanted).commit
        text = join(
            [text, words("rollback_commit", sha=sha(commit.sha), subject=commit.subject[:80], author=commit.author)]
        )
        sure = do(words.label("b_rollback_now"), "B3", project.no, str(wanted), "danger")
        rows = ((go(words.label("b_cancel"), "B1", project.no), sure),)
        path = crumbs(visit, words.label("rollback_title"), project=project)
        return Page(path, text, rows, back=Link("B1", project.no), life_s=CONFIRM_S)

    def act(self, visit: Visit) -> Reply:
        """Roll back; its progress is shown."""
        project = visit.project()
        deployment = visit.control.rollback(project.name, visit.asked_by, page_of(visit.place.arg) or None)
        return Reply(to=Link("R6", project.no, deployment.id))

    def _wanted(self, visit: Visit, name: str, current: int | None) -> int:
        if visit.place.arg.isdecimal():
            return int(visit.place.arg)
        found = previous(visit.control.versions(name), current)
        if found is None:
            raise NothingToDo(f"{name} has no earlier version to go back to", "Deploy it first.", name=name)
        return found
