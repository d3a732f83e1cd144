# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the role, checked as its argument specification has them.

This plugin util is PRIVATE to the collection. Ansible does the same in a task of its own, which
costs the controller as much work for every machine as a sixth of ``ansible.builtin.ping``.
"""

from __future__ import annotations

import functools
import pathlib
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.yaml import yaml_load

_SPECIFICATION = pathlib.Path(__file__).parents[2] / "roles/reconnect/meta/argument_specs.yml"


@functools.cache
def role_options() -> t.Mapping[str, t.Any]:
    """The specification of each variable, by name; all entry points of the role share them."""
    entry_points = yaml_load(_SPECIFICATION.read_text("utf-8"))["argument_specs"]
    options: t.Mapping[str, t.Any] = entry_points["main"]["options"]
    return options


def refusal(variables: t.Mapping[str, t.Any]) -> str | None:
    """Why ``variables``, with no templates in them, cannot be used, or None."""
    errors = ArgumentSpecValidator(role_options()).validate(variables).error_messages
    if not errors:
        return None
    return f"The role's variables cannot be used: {'; '.join(errors)}. Nothing was changed."
