"""What the service advises a terminal to do, for who reads it in the chat; see ru_hints."""

from __future__ import annotations

from typing import Final

HINTS: Final = (
    ("Add it, or name another file with --main.", "Add it, or name another main file in the settings."),
    ("Add one of them, or name another main file with --main.", "Add one, or name another main file in the settings."),
    (
        "Choose another path, or say --adopt: then everything found there is kept aside.",
        "Choose another folder, or use this one: everything found there is kept aside.",
    ),
    ("It is being restarted; ask again in a moment, or see `vanka tree`.", "It is being restarted; ask again soon."),
    (
        "Promote it when it runs: see `vanka status {name}`. To give it up: `vanka discard {again}`.",
        "Deploy it when it runs, or abort it.",
    ),
    (
        "Remove the project with --keep-files and add it with the new path.",
        "Delete the project but keep its files, then add it with the new folder.",
    ),
    ("See `vanka history`.", "What there was is in the journal."),
    ("See `vanka history NAME`.", "What there was is in the history."),
    ("See `vanka history {name}`.", "What there was is in the history."),
    ("See `vanka status {name}`.", "The project's card tells how it stands."),
    ("See `vanka status` for all of them.", "All of them are in “Projects”."),
    ("See `vanka tree`.", "All of them are in “Actors”."),
    ("See `vanka vars {name}`.", "All of them are in “Variables”."),
    ("See `vanka versions {name}`.", "All of them are in “Versions”."),
    ("Start one with `vanka test {name}`.", "Start a test first."),
    ("Use `vanka deploy {name}`.", "Deploy it first."),
    ("Wait, or `vanka cancel {name}`.", "Wait, or abort it."),
)
