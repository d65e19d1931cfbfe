"""From translations to scores: sacreBLEU, significance of a difference, minimum-Bayes-risk decoding."""
