"""What Pelican runs: one package per feature, a thin `register()` around a pure core."""
