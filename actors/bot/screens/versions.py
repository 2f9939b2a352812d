"""B1, B2 and B3: the versions of a project, one of them, and the question before a rollback."""

from __future__ import annotations

from dataclasses import replace

from actors.bot.links import Link
from actors.bot.render import output
from actors.bot.rights import Right
from actors.bot.screen import Choice, Expect, Page, Reply, Screen, Visit, do, go
from actors.bot.screens.common import PAGE, STATE_MARKS, crumbs, number, page_of, pages, sha, took, who
from actors.bot.screens.question import Question
from actors.bot.screens.run import replaced
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
    kept = " ✅" if version.proven else " ❌" if version.failed else ""
    pinned = " 📌" if version.pinned else ""
    no, commit = number(words, version.number), version.commit
    return f"{here}{no} {commit.short} · {words.ago(commit.committed_at, visit.now)}{kept}{pinned}"


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
            rows.append(back)
            pin = "b_unpin" if version.pinned else "b_pin"
            test = go(words.label("b_test_version"), "R2", project.no, f"600,{version.number}")
            rows.append((test, do(words.label(pin), "B2", project.no, visit.place.arg)))
        if status.version not in (None, version.number):
            rows.append((go(words.label("b_changes"), "B2c", project.no, visit.place.arg),))
        title = number(words, version.number)
        path = crumbs(visit, words.label("versions"), title, project=project)
        return Page(path, text, tuple(row for row in rows if row), back=Link("B1", project.no))

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
                took=words.took(took(it, visit.now) or 0),
                who=who(it.asked_by, visit),
            )
            for it in found
        ]
    )


class Changes(Screen):
    """B2c: in which files a version differs from the one that runs."""

    id = "B2c"

    def draw(self, visit: Visit) -> Page:
        """As git sums it up."""
        words, status = visit.words, visit.status()
        project = status.project
        version = visit.control.version(project.name, page_of(visit.place.arg))
        now, then = number(words, status.version), number(words, version.number)
        lines = visit.control.changes(project.name, status.commit or version.commit.sha, version.commit.sha)
        path = crumbs(visit, words.label("versions"), then, words.label("changes_title"), project=project)
        text = words("changes_none", now=now, then=then)
        if lines:
            text = join([words("changes_text", now=now, then=then), output(lines, words)])
        return Page(path, text, back=Link("B2", project.no, visit.place.arg))


class ConfirmRollback(Question):
    """B3. The argument is the version's number, or nothing for the one before."""

    id = "B3"
    right = Right.RUN
    label = "b_rollback_now"

    def asks(self, visit: Visit) -> tuple[tuple[str, ...], Html]:
        """What is replaced."""
        words, status = visit.words, visit.status()
        project = status.project
        wanted = self._wanted(visit)
        now, then = number(words, status.version), number(words, wanted)
        commit = visit.control.version(project.name, wanted).commit
        text = join(
            [
                words("rollback_ask", name=project.name, now=now, then=then),
                replaced(visit, project),
                words("rollback_restart"),
                words("rollback_commit", sha=sha(commit.sha), subject=commit.subject[:80], author=commit.author),
            ]
        )
        return crumbs(visit, words.label("rollback_title"), project=project), text

    def back(self, visit: Visit) -> Link:
        """The versions."""
        return Link("B1", visit.place.no)

    def draw(self, visit: Visit) -> Page:
        """The version that is meant stands in the button, whatever is before the present one when it is pressed."""
        return super().draw(replace(visit, place=replace(visit.place, arg=str(self._wanted(visit)))))

    def act(self, visit: Visit) -> Reply:
        """Roll back; its progress is shown."""
        project = visit.project()
        deployment = visit.control.rollback(project.name, visit.asked_by, page_of(visit.place.arg) or None)
        return Reply(to=Link("R6", project.no, deployment.id))

    def _wanted(self, visit: Visit) -> int:
        if visit.place.arg.isdecimal():
            return int(visit.place.arg)
        status = visit.status()
        found = previous(visit.control.versions(status.project.name), status.version)
        if found is None:
            name = status.project.name
            raise NothingToDo(f"{name} has no earlier version to go back to", "Deploy it first.", name=name)
        return found
