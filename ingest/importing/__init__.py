"""Documents in other formats, made notes and questions."""
