"""Images of projects: made once for a version, found again by name, taken away when their releases are gone."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from actors.engines.docker_calls import Docker
from actors.engines.docker_shapes import BuildPlan, Image
from actors.engines.recipe import archive, labelled, recipe_for
from actors.errors import BuildError
from runtime.shell import Cancel

# labels of all that is ours in an engine; HOME tells one Vanka's things from another's
HOME = "vanka.home"
KIND = "vanka.kind"
PROJECT = "vanka.project"
NAME = "vanka.name"
VERSION = "vanka.version"
ENVIRONMENT = "vanka.environment"
RECIPE = "vanka.recipe"
STANDARD = "standard"
MARK = "engine-id"

# these reach a build without ever standing in the image's history
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "FTP_PROXY", "ALL_PROXY")

Say = Callable[[str], None]


def home_mark(home: Path) -> str:
    """A name for this home among all that use an engine: made once, kept in the home."""
    file = home / MARK
    try:
        return file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        staged = file.with_name(f"{MARK}.{os.getpid()}")
        staged.write_text(f"{secrets.token_hex(4)}\n", encoding="ascii")
        try:
            os.link(staged, file)
        except FileExistsError:
            pass  # another thread was quicker: its name counts
        finally:
            staged.unlink()
        return file.read_text(encoding="ascii").strip()


def known_to_engines(home: Path) -> bool:
    """Whether anything of this home can be in an engine at all."""
    return (home / MARK).exists()


@dataclass(frozen=True)
class Wanted:
    """A version of a project as an image. `number` is the project's, for good."""

    number: int
    name: str
    version: int
    commit: str


@dataclass(frozen=True)
class Images:
    """One home's images in one engine. Blocking; safe from any thread, one build a project at a time."""

    docker: Docker
    home: Callable[[], str]

    def tag(self, wanted: Wanted) -> str:
        """The name by which a version's image is found: by version and commit, never by what is newest."""
        return f"vanka-{self.home()}/project-{wanted.number}:v{wanted.version}-{wanted.commit[:12]}"

    def find(self, wanted: Wanted) -> Image | None:
        """The version's image, if the engine has it."""
        return self.docker.image(self.tag(wanted))

    def make(
        self, wanted: Wanted, directory: Path, main: str, *, cancel: Cancel, say: Say, fresh: bool = False
    ) -> Image:
        """The version's image, built from that directory unless it is there already. Raises BuildError."""
        found = None if fresh else self.find(wanted)
        if found is not None:
            say(f"the image {self.tag(wanted)} is there: nothing to build")
            return found
        recipe = recipe_for(directory, main, cancel)
        say("building by the standard Python recipe" if recipe.standard else "building by the project's Dockerfile")
        recipe = labelled(recipe, self._labels(wanted) | {RECIPE: STANDARD if recipe.standard else "own"})
        with archive(directory, recipe) as context:
            plan = BuildPlan(
                context=context,
                dockerfile=recipe.dockerfile,
                tag=self.tag(wanted),
                arguments=_proxies(),
                fresh=fresh,
            )
            self.docker.build(plan, cancel=cancel, say=say)
        built = self.find(wanted)
        if built is None:
            raise BuildError("the image that was just built is gone", "Did somebody clean the engine up? Try again.")
        say(f"built {self.tag(wanted)}, {built.size / 1e6:.0f} MB")
        return built

    def tidy(self, number: int, keep: Collection[int]) -> int:
        """Take away the project's images whose versions are not among `keep`, and those that lost their name.

        Nothing else in the engine is touched, and nothing that a container was made from. How many went.
        """
        gone = 0
        for image in self.docker.images({HOME: self.home(), PROJECT: str(number), KIND: "image"}):
            old = [tag for tag in image.tags if _version(tag) not in (*keep, None)]
            gone += sum(self.docker.remove_image(name) for name in (old if image.tags else (image.id,)))
        return gone

    def _labels(self, wanted: Wanted) -> dict[str, str]:
        """What stays the same from version to version; the version itself and its commit are the image's name."""
        return {
            HOME: self.home(),
            KIND: "image",
            PROJECT: str(wanted.number),
            NAME: wanted.name,
        }


def _version(tag: str) -> int | None:
    """The version that a tag of ours names."""
    number = tag.rpartition(":")[2].partition("-")[0].removeprefix("v")
    return int(number) if number.isdecimal() else None


def _proxies() -> dict[str, str]:
    named = (*PROXIES, *(name.lower() for name in PROXIES))
    return {name: os.environ[name] for name in named if os.environ.get(name)}
