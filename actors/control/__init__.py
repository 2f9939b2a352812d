"""What the command line, hooks and the chat ask of the running service, as messages to its actors."""

from __future__ import annotations

from actors.control.core import House
from actors.control.deployments import Deployments
from actors.control.load import LoadDesk
from actors.control.projects import ProjectBook
from actors.control.service import ServiceDesk
from actors.control.shapes import NewProject, ProjectStatus

__all__ = ["Control", "House", "NewProject", "ProjectStatus"]


class Control(ProjectBook, Deployments, LoadDesk, ServiceDesk):
    """The one face of the service to everything that people use. Safe from any thread that may block.

    What cannot be done raises a VankaError; nothing was changed then.
    """
