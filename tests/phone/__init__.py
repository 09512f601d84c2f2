"""The phone in the browser: real Chromium, real Asterisk, real server."""
