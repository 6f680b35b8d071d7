"""nginx: its configuration for all sites, checked with nginx itself, and which sites it does not know yet."""
