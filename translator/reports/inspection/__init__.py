"""Charts of what happens inside one translation: attention, probabilities, beam, gates."""
