"""Where projects come from: addresses, cheap watching, mirrors, files of a commit."""

from __future__ import annotations

from actors.source.address import Access, RemoteUrl, check_branch, parse, split
from actors.source.apart import Bounds
from actors.source.repository import Head, Repository
from actors.source.sources import Sources
from actors.source.ssh import keygen

__all__ = ["Access", "Bounds", "Head", "RemoteUrl", "Repository", "Sources", "check_branch", "keygen", "parse", "split"]
