"""What people really do wrong in texts: a rule each, and the line written right where one thing is meant."""
