"""One module per maker; docs/formats.md has the layouts and where they are documented."""
