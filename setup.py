"""Puts the specs of configs/ into the wheel, beside the package that lists them; pyproject.toml says all the rest."""

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithConfigs(build_py):
    """Copies a folder that setuptools has no table for, because it lies beside the package and not in it."""

    def run(self) -> None:
        """Builds as usual; an editable install finds the folder where it is."""
        super().run()
        if not self.editable_mode:
            self.copy_tree("configs", f"{self.build_lib}/cnncli/configs")


setup(cmdclass={"build_py": BuildWithConfigs})
