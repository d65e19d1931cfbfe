"""Ids to ids: search over any step function, and the translator that loads once and translates many."""
