"""The strategies by which a release gets into production."""
