"""The made-up cluster as files: `content` for this program, `hugo` and `stock` (Pelican) for its peers."""
