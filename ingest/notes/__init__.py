"""Talk notes: read, written in canonical form, mended."""
