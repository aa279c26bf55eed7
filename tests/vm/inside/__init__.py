# SPDX-License-Identifier: Apache-2.0
"""What runs as root inside of the virtual machine, on Debian's own Python."""
