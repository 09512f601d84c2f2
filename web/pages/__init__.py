"""Pages, one module per noun; handlers are named for what the user does."""
