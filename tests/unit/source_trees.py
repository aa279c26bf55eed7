# SPDX-License-Identifier: Apache-2.0
"""Syntax trees of sources."""

import ast
import gc


def parse(text: str) -> ast.Module:
    """Parse a source while no garbage is collected.

    A future that is collected with an error prints a traceback, for which
    Python 3.11 parses source: a parser that is not done yet fails then.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(text)
    finally:
        if enabled:
            gc.enable()
