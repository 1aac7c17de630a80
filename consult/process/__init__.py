"""The program around the server: settings, command line, installation, log. Only `main` imports it."""
