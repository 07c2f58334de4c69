"""Records as pages: Markdown, pictures of numbers, and Atom."""
