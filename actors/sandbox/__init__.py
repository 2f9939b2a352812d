"""Third-party repositories: strangers' code in containers that can reach nothing of ours."""

from actors.sandbox.sandbox import Sandbox

__all__ = ["Sandbox"]
