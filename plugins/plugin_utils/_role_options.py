# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the role, as its argument specification has them.

This plugin util is PRIVATE to the collection.
"""

from __future__ import annotations

import functools
import pathlib
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.yaml import yaml_load

_SPECIFICATION = pathlib.Path(__file__).parents[2] / "roles/reconnect/meta/argument_specs.yml"
_PREFIX = "reconnect_"


class VariablesRefused(Exception):
    """Variables that the role does not take; the text is a sentence for the person."""


@functools.cache
def specification() -> t.Mapping[str, t.Any]:
    """The specification of each variable, by name; all entry points of the role share them."""
    entry_points = yaml_load(_SPECIFICATION.read_text("utf-8"))["argument_specs"]
    options: t.Mapping[str, t.Any] = entry_points["main"]["options"]
    return options


def role_options(variables: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The option that each variable is, with its type and without ``reconnect_``.

    ``variables`` hold no templates. What is not among them has its default. Raises
    ``VariablesRefused``.
    """
    checked = ArgumentSpecValidator(specification()).validate(variables)
    if checked.error_messages:
        raise VariablesRefused(
            f"The role's variables cannot be used: {'; '.join(checked.error_messages)}. "
            "Nothing was changed."
        )
    return {
        name.removeprefix(_PREFIX): _as_given(variables.get(name))
        if option["type"] == "path"
        else checked.validated_parameters[name]
        for name, option in specification().items()
    }


def _as_given(path: t.Any) -> str | None:
    """A tilde means the home on the machine, and would be made the one on the controller."""
    return None if path is None else str(path)
