"""Pictures as citizens get them: smaller WebP variants made at build, and originals without their hidden notes.

`variants` decides and draws, `metadata` cleans originals without touching a pixel, `store` keeps what was drawn in
`var/pictures`. Nothing here knows pages or Pelican, so there is nothing to register; called by `plugins.pages.files`.
"""
