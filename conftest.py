"""Hands the folder over to the plugin."""

pytest_plugins = ["tapecheck.plugin"]
