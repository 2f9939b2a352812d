"""English: third-party repositories."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "b_third_party": "🧪 Third-party repo",
    "tp_title": "Third-party repositories",
    "tp_new": "New",
    "tp_none": "None is running.",
    "tp_choose": "Which one?",
    "tp_no_engine": (
        "🐳 There is no Docker engine here, and strangers' code runs in a container only (<i>{error}</i>).\n\n"
        "How to get one: on the host <code>apt install docker.io</code>, then "
        "<code>systemctl start docker</code>. When Vanka itself runs in a container, give it "
        "<code>/var/run/docker.sock</code> (that is as powerful as root). After that press “Refresh”."
    ),
    "tp_test": "test",
    "tp_production": "production",
    "b_tp_new": "➕ Run a new one",
    "b_tp_options": "⚙️ Options",
    "b_tp_url": "🔗 Link",
    "tp_url": (
        "Send the link to the repository: https://… or git@…\n"
        "A branch, tag or commit may follow after a space:\n<code>https://github.com/user/repo.git v1.2</code>"
    ),
    "tp_url_first": "First the link to the repository.",
    "tp_repo": "Repository: <code>{url}</code>",
    "tp_ref": "Branch, tag or commit: <code>{ref}</code>",
    "tp_foreign": "⚠️ Foreign code runs in its own container with no access to projects or secrets.",
    "b_tp_test": "🧪 Test",
    "b_tp_production": "🚀 Production",
    "b_tp_time": "⏱ Time: {time}",
    "b_tp_memory": "Memory: {size}",
    "b_tp_cpu": "CPU: {cores}",
    "b_tp_net_on": "Network: on",
    "b_tp_net_off": "Network: off",
    "b_tp_out": "Output to chat: on, {lines} lines",
    "b_tp_out_off": "Output to chat: off",
    "b_tp_run": "▶️ Run",
    "tp_time": "How long may it run? Choose or send such as 10m, 2h, 3d (7 days at most):",
    "tp_output": "Show what the commands write in the chat? How many lines of each (30 at most)?",
    "b_tp_on": "On",
    "b_tp_off": "Off",
    "tp_state": "{mark} {state} · {kind} · {sha}",
    "tp_is_preparing": "being prepared",
    "tp_is_running": "running",
    "tp_is_ended": "ended",
    "tp_is_failed": "failed",
    "tp_url_line": "<code>{url}</code>",
    "tp_limits": "Memory {memory} · CPU {cores} · network {network}",
    "tp_net_on": "on",
    "tp_net_off": "off",
    "tp_left": "Ends in {time} at the latest",
    "tp_now": "▶️ <code>$ {command}</code> …",
    "tp_output_is_off": "🔕 Output to the chat is off.",
    "tp_step": "{mark} <code>$ {command}</code>\ncode {code} · {time} · lines {n}",
    "tp_step_limit": "{mark} <code>$ {command}</code>\ncode {code} · {time} · lines {n} · ended by its time limit",
    "b_tp_file": "📄 Full output",
    "b_tp_steps": "📜 Commands ({n})",
    "tp_commands": "Commands",
    "b_tp_command": "⌨️ Command",
    "tp_command": "Command",
    "tp_ask_command": "Send a command for container <b>{name}</b> (up to {time}):",
    "tp_bad_command": "⚠️ A command has 1 to {n} characters.",
    "b_tp_quiet": "🔕 Output off",
    "b_tp_loud": "🔔 Output on",
    "b_tp_lines": "Lines: {lines}",
    "b_tp_remove": "🗑 Remove",
    "b_tp_project": "📦 Turn into a project",
    "tp_ask_stop": (
        "Stop <b>{name}</b>? Everything in its container ends; the output stays. New commits are not looked "
        "for until you run it anew."
    ),
    "tp_ask_remove": "Remove <b>{name}</b>? Its container, its files and its output will be lost.",
    "tp_stopped": "⏹ {name} was stopped.",
    "tp_removed": "🗑 {name} was removed.",
    "cmd_repo": "Run a third-party repository",
    "b_tp_every": "👁 Interval: {time}",
    "tp_every_off": "off",
    "b_tp_variables": "⚙️ Variables ({n})",
    "tp_no_end": "∞ until I stop it",
    "tp_no_end_line": "Runs until somebody stops it",
    "tp_time_set": "Time: {time}",
    "tp_restarts": "Restarts: {n}",
    "tp_watched": "New commits are looked for every {time}",
    "tp_watch_error": "⚠️ The repository cannot be checked: <i>{error}</i>",
    "tp_is_restarting": "starting again in a moment",
    "tp_last_lines": "last {n} of {count} lines:",
    "b_tp_again": "🔁 Run anew",
    "tp_token": (
        "🔑 Send an access token; your message is deleted right after reading. It is"
        " sealed, used to fetch the repository only, and never reaches the stranger's container."
    ),
    "tp_variables": "🔒 Only this repository's container gets them. The values are sealed and never shown.",
    "tp_value": "Value for <code>{name}</code>. Your message is deleted right after reading.",
    "tp_variable": "<code>{name}</code> — the value is never shown. Change it, or delete it?",
    "tp_next_start": "It counts when the program is started the next time.",
    "tp_every": (
        "How often to look for new commits of <b>{name}</b>? A new commit is run in place of the one before, "
        "and you are told. Choose or send such as 90s, 10m, 2h, 1d:"
    ),
    "tp_every_now": "Now: {time}",
    "tp_no_branch": "⚠️ A project follows a branch, and {ref} is none: the repository's default branch is taken.",
}
