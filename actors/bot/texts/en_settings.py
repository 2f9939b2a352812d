"""English: the screens of adding, settings, variables, journal and the system."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "add_title": "New project · step {n}/5",
    "add_check": "New project · check",
    "add_name": "Repository name (letters, digits, - _ . up to 64):",
    "add_url": "Repository link: https://… or git@…",
    "add_token": (
        "The repository is closed. Send a token that may read it; your message is deleted right after reading."
    ),
    "add_path": "Project folder. Suggested: <code>{path}</code>\nYou can send your own.",
    "add_branch": "Branch: choose, or send another. Below: what runs it.",
    "add_interval": "How often to look for new commits? You can send your own: 90s, 10m, 2h, 1d.",
    "add_summary": "All correct? On a new commit:",
    "add_incomplete": "Some answers are missing.",
    "add_has_name": "Name: <b>{value}</b>",
    "add_has_url": "Link: {value}",
    "add_has_path": "Folder: <code>{value}</code>",
    "add_has_branch": "Branch: {value}",
    "add_has_interval": "Interval: {value}",
    "add_has_variables": "⚙️ Variables taken along: {n}",
    "add_has_token": "🔑 Access by token",
    "interval_title": "Interval",
    "interval_text": "When to look for new commits of <b>{name}</b>?",
    "interval_policy": "On a new commit (below):",
    "interval_custom": "Send an interval: 90s, 10m, 2h, 1d (15 s to 7 days).",
    "vars_title": "Variables",
    "vars_run": "Mode: <b>Run</b>",
    "vars_test": "Mode: <b>Test</b> (laid over those of Run)",
    "vars_none": "No variables yet.",
    "vars_line": "<code>{name}</code> — {ago}",
    "var_about": "<code>{name}</code>, {kind}, changed {ago}",
    "var_text": "Value: {dots}",
    "var_shown": "Gone in 15 s:",
    "var_delete": "Delete the variable <code>{name}</code>?",
    "var_name": "Name (A–Z, 0–9, _):",
    "var_value": "Value for <code>{name}</code> ({kind}). Your message is deleted right after reading.",
    "set_apart": "⚠️ The value beside the name was not taken. Send it by itself.",
    "var_import": "Send a .env file or its text. Your message is deleted right after reading.",
    "var_preview": "New {new}, changed {changed}, strange lines {strange}:",
    "settings_title": "Settings",
    "setting_line": "{title}: <code>{value}</code>",
    "setting_now": "Now: <code>{value}</code>",
    "ask_name": "Send the new name (letters, digits, - _ . up to 64).",
    "ask_url": "Send the new repository link.",
    "ask_path": "Send the new folder (while the project is not deployed).",
    "ask_branch": "Send the branch's name.",
    "ask_subdir": "Send a folder inside the repository, such as <code>backend</code>.",
    "ask_main": "Send the main file, such as <code>main.py</code>.",
    "ask_probe": (
        "Send a check: <code>http://127.0.0.1:8080/health</code>, <code>tcp://127.0.0.1:8080</code> or a command. "
        "<code>$PORT</code> and other variables may stand in it."
    ),
    "ask_keep": "Send how many versions to keep, 1 to 1000, such as 10.",
    "ask_access": "Send a token or a private key (as text or as a file). Your message is deleted right after reading.",
    "persist_text": "Never touched by deploy or wipe:",
    "persist_add": "Press a path to remove it, or send a new one, such as <code>db/</code>.",
    "delete_title": "Delete",
    "delete_ask": (
        "Delete <b>{name}</b>? Removed: folder <code>{path}</code>, environment, {n} {n:version|versions}, variables."
    ),
    "delete_type": "Send the project name <code>{name}</code> to confirm. The folder is removed.",
    "delete_type_keep": "Send the project name <code>{name}</code> to confirm. The files stay.",
    "journal_title": "Journal",
    "history_title": "History",
    "journal_none": "No deployment yet.",
    "journal_line": "{mark} {project} {no} · {kind} · {ago} · {took} · {who}",
    "system_title": "System",
    "system_text": (
        "Vanka {version} · up {uptime}\nActors: {actors}, running {up} · restarts: {restarts}\nMessages in "
        "inboxes: {inbox}\nNew errors: {errors}"
    ),
    "actors_title": "Actors",
    "actors_text": "{n} in all; those that crashed come first.",
    "actor_text": "State: {state}\nRestarts: {restarts} · inbox: {inbox}",
    "errors_title": "Errors",
    "errors_none": "No new errors 🟢",
    "error_entry": "🧯 {n}× {where}, {ago}: <i>{event}</i> <code>{error}</code>",
    "backup_caption": "The service's records. Secrets are encrypted, the key is not in it: keep secret.key elsewhere.",
    "backup_too_big": "⚠️ The backup is too big for the chat ({size}): take it with vanka backup.",
    "language_title": "Language",
    "language_text": "Which language?",
    "users_title": "Users",
    "users_text": "In all: {n}",
    "invite_title": "Invitation",
    "invite_ask": "Whom to invite? The link works once, for 1 hour.",
    "invite_link": "The link ({role}), once, 1 hour:\n<code>{link}</code>",
    "user_text": "{who}: {role}",
    "user_fixed": "Set by VANKA_ADMIN.",
    "help_title": "Help",
    "help_0": (
        "<b>The first project</b>\n“Add project” asks for name, link, folder, branch and interval. Then “Run”: "
        "first a test, after it “Deploy to main place”."
    ),
    "help_1": (
        "<b>Test and production</b>\nA test builds a commit and runs it beside production, with variables of its "
        "own, for a time. A production run builds the new version beside the old one, swaps them and checks. If "
        "the new one does not work, the old one comes back by itself."
    ),
    "help_2": (
        "<b>Versions and rollback</b>\nEach built commit gets a number. “Roll back” replaces everything in the "
        "folder by that version's files, except persistent paths: those hold the program's data."
    ),
    "help_3": (
        "<b>Variables</b>\nThe program always sees those of Run; those of Test are laid over them in a test. "
        "Values are encrypted, the chat shows dots. A message that holds a value is deleted at once."
    ),
    # alerts
    "alert_commit": "New commit",
    "alert_started": "Started",
    "alert_succeeded": "Succeeded",
    "alert_failed": "Failed",
    "alert_rolled_back": "Rolled back",
    "alert_cancelled": "Cancelled",
    "alert_test_finished": "Test finished",
    "alert_test_discarded": "Test removed",
    "alert_down": "Down",
    "alert_up": "Up again",
    "alert_parked": "Stays down",
    "alert_watch_failed": "Git out of reach",
    "alert_watch_recovered": "Git in reach",
    "alert_guest_step": "Third-party: command",
    "alert_guest_commit": "Third-party: commit",
    "alert_guest_ended": "Third-party: ended",
    "alert_guest_failed": "Third-party: failed",
    "alert_service_back": "Service is back",
    "alert_service": "Service",
    "alert_actor": "Actor crashed",
    "b_quiet": "🌙 Quiet hours: {hours}",
    "b_quiet_none": "∅ No quiet hours",
    "off_hours": "none",
    "alerts_title": "Alerts",
    "alerts_text": "🔔 with sound · 🔕 silent · 🚫 off. Press to change.",
    "quiet_title": "Quiet hours",
    "quiet_ask": "Send the hours and the zone, such as <code>23-8 +3</code>: from 23 to 8, UTC+3."
    " Silent messages come after them, important ones at once.",
}
