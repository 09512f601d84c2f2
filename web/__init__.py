"""The panel, the API and the live wire: thin, a handler parses, calls one thing and answers."""
