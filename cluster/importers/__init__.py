"""Importers: foreign collections become items of the content repository; what could not be read is told, never lost."""
