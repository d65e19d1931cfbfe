"""What happens inside one translation, as pictures."""
