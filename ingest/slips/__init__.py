"""What people really do wrong in texts, line by line: a rule each, with the line written right where one thing is meant."""
