"""Single-file HTML pages, charts and contact sheets, drawn alike for every command."""
