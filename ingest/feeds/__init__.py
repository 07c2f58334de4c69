"""Feeds: fetched, read in a sandbox, and archived as papers by week."""
