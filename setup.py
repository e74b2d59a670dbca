"""What pyproject.toml cannot say: `configs/`, at the top of the repository, is installed as `cnncli/configs`."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["cnncli", "cnncli.*"]), "cnncli.configs"],
    package_dir={"cnncli.configs": "configs"},
)
