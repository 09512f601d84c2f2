"""What is recorded: each function is a scenario, its docstring says what happens."""
