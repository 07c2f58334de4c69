"""Questions: read from their own files, collected from documents, joined where they were asked before."""
