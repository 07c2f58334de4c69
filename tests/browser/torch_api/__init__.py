"""The browser's torch (`browser/torch/`) against the real one."""
