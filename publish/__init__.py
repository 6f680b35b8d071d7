"""From a commit to a live page: build, brake, release, delivery, worker, preview."""
