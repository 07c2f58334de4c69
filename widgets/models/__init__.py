"""Small models that this repository trained, so that what widgets show of them means something."""
