# SPDX-License-Identifier: Apache-2.0
"""How the release notes are built; see tox -e releasenotes."""

project = 'nova_desktop release notes'
author = 'The nova_desktop developers'
copyright = '2026, The nova_desktop developers'

extensions = ['reno.sphinxext']
master_doc = 'index'
html_theme = 'alabaster'
