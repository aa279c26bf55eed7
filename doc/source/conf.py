# SPDX-License-Identifier: Apache-2.0
"""How the pages are built; see tox -e docs."""

project = 'nova_desktop'
author = 'The nova_desktop developers'
copyright = '2026, The nova_desktop developers'

extensions = ['oslo_config.sphinxext', 'reno.sphinxext']
master_doc = 'index'
pygments_style = 'sphinx'
html_theme = 'alabaster'
html_theme_options = {
    'description': 'Lend idle workstations to a cloud, the owner first',
    'fixed_sidebar': True,
}
