"""Third-party repositories: strangers' code in containers that can reach nothing of ours."""

from actors.sandbox.sandbox import Sandbox
from actors.sandbox.shapes import Guest, GuestChanged, GuestState, GuestStep, Step, Wish

__all__ = ["Guest", "GuestChanged", "GuestState", "GuestStep", "Sandbox", "Step", "Wish"]
