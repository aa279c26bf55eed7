# SPDX-License-Identifier: Apache-2.0
"""The operator's command against Nova's, Placement's and Glance's own code."""

# Nova must be loaded as there, before anything else loads a part of it.
import tests.functional.nova  # noqa: F401
