# SPDX-License-Identifier: Apache-2.0
"""Tell the agent, from inside a login, what only the session can see."""
