"""A real Docker engine for the tests that need one."""

from tests.fakes.docker_engine import docker, docker_engine

__all__ = ["docker", "docker_engine"]
