"""The nouns of a website cluster and their rules: no Pelican, no web framework, no network."""
