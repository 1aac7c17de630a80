"""The program around the server: its settings, commands, installation and log."""
