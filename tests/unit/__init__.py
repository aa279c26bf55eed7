# SPDX-License-Identifier: Apache-2.0
"""Tests of each room by itself."""

import hypothesis

# How fast an example is made or runs tells how busy the machine is.
hypothesis.settings.register_profile(
    'patient',
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile('patient')
