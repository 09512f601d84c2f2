"""What the server does for people: one module per feature, named as people say it. No feature imports another."""
