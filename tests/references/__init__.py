"""The network and the search once more, in plain slow NumPy and Python, written from the equations."""
